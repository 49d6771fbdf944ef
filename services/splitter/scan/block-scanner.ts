// The scanner's door: blocks of whole records in, part lines by event type, quarantined lines, accounting and shapes out. A pure
// function of bytes and options: cutting the same lines into other blocks changes nothing but the cuts.
import { MAX_LINE_BYTES } from "../../../shared/contracts/words.ts";
import { mergeShape, type Shape } from "../../../shared/shape/shape.ts";
import { BlockBuilder } from "./block-builder.ts";
import type { BlockResult, ScanOptions } from "./contract.ts";
import { judgeLine } from "./judge-line.ts";
import { TypeTable } from "./type-table.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;

export class BlockScanner {
  readonly #options: ScanOptions;
  readonly #types: TypeTable;
  readonly #builder: BlockBuilder;
  #shapes = new Map<string, Shape>();

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#types = new TypeTable(options.fate);
    this.#builder = new BlockBuilder(options.sourceId, this.#types);
  }

  /**
   * Scans text lines separated by LF or CRLF; the last one may lack its newline. `firstLine` is the 1-based number of the block's first
   * line, `firstOffset` the position of its first byte in the uncompressed source; a byte order mark at offset 0 is skipped.
   */
  scan(block: Uint8Array, firstLine: number, firstOffset: number): BlockResult {
    this.#builder.begin(block, firstLine);
    let at = firstOffset === 0 && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf ? 3 : 0;
    let index = 0;
    for (; at < block.length; index++) {
      const newline = block.indexOf(NEWLINE, at);
      const next = newline < 0 ? block.length : newline + 1;
      let end = newline < 0 ? next : newline;
      if (newline > at && block[newline - 1] === RETURN) end--;
      this.#judge(block, at, end, index, firstOffset + at);
      at = next;
    }
    return this.#builder.finish(index);
  }

  /**
   * Scans framed records: record i is `block[spans[2i], spans[2i+1])` and may contain newlines between its tokens, which are left out.
   * `offsets` gives the position in the source of each record, or of the block's first byte when the block is a stretch of the source.
   */
  scanRecords(
    block: Uint8Array,
    spans: Uint32Array,
    firstLine: number,
    offsets: number | Float64Array,
  ): BlockResult {
    this.#builder.begin(block, firstLine);
    const records = spans.length >> 1;
    for (let index = 0; index < records; index++) {
      const start = spans[index * 2]!;
      const offset = typeof offsets === "number" ? offsets + start : offsets[index]!;
      this.#judge(block, start, spans[index * 2 + 1]!, index, offset);
    }
    return this.#builder.finish(records);
  }

  /** The shapes of the rows since the last call, by event type. */
  takeShapes(): Map<string, Shape> {
    const taken = this.#shapes;
    this.#shapes = new Map();
    return taken;
  }

  #judge(block: Uint8Array, start: number, end: number, index: number, offset: number): void {
    const builder = this.#builder;
    const verdict = judgeLine(block.subarray(start, end), this.#options);
    if (verdict.kind === "blank") return builder.blank();
    if (verdict.kind === "invalid") {
      return builder.quarantine(index, offset, start, end, verdict.reason, verdict.detail);
    }
    const { eventType, body } = verdict;
    const type = this.#types.id(eventType);
    const fate = this.#types.fates[type]!;
    if (fate === "drop") return builder.drop();
    if (fate === "quarantine") {
      return builder.quarantine(index, offset, start, end, "by_rule", byRule(eventType));
    }
    const tooLong = builder.tooLong(type, index, body, 0, body.length);
    if (tooLong > 0) {
      return builder.quarantine(index, offset, start, end, "line_too_long", tooLongDetail(tooLong));
    }
    builder.row(type, index, 0, body.length, body);
    if (verdict.normalised) builder.normalise();
    this.#addShape(eventType, verdict.shape());
  }

  #addShape(eventType: string, shape: Shape): void {
    const known = this.#shapes.get(eventType);
    if (known) mergeShape(known, shape, this.#options.keysPerDepth);
    else this.#shapes.set(eventType, shape);
  }
}

function byRule(eventType: string): string {
  return `a route quarantines event type ${JSON.stringify(eventType)}`;
}

function tooLongDetail(bytes: number): string {
  return `the line as written would have ${bytes} bytes with each | counted twice, the limit is ${MAX_LINE_BYTES}`;
}
