// The scanner's door: blocks of whole records in, part lines by event type, quarantined lines, accounting and shapes out. A pure
// function of bytes and options: cutting the same lines into other blocks changes nothing but the cuts.
import { MAX_LINE_BYTES } from "../../../shared/contracts/words.ts";
import { mergeShape, type Shape } from "../../../shared/shape/shape.ts";
import { BlockBuilder } from "./block-builder.ts";
import { ByteScanner, FATE, PADDING } from "./byte-scanner.ts";
import type { BlockResult, ScanOptions } from "./contract.ts";
import { NO_NODE } from "./hot.ts";
import { judgeLine, noEventType } from "./judge-line.ts";
import { KeyTable } from "./key-table.ts";
import { LineContext } from "./line-context.ts";
import { NodesByRoot } from "./nodes-by-root.ts";
import { PathStats } from "./path-stats.ts";
import { PathTree } from "./path-tree.ts";
import { TypeTable } from "./type-table.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** Event types that are remembered from block to block. */
const MAX_TYPES = 20_000;
/** Rows after which counters are emptied, well before they are full. */
const MAX_ROWS = 2 ** 31;

export class BlockScanner {
  readonly #options: ScanOptions;
  readonly #types: TypeTable;
  readonly #builder: BlockBuilder;
  readonly #keys = new KeyTable();
  readonly #tree: PathTree;
  readonly #stats: PathStats;
  readonly #context: LineContext;
  readonly #scanner: ByteScanner;
  /** Shapes of lines that went by the slow path or were counted before the trees were emptied. */
  #shapes = new Map<string, Shape>();
  #rowsCounted = 0;
  /** Set when the last shapes are being taken. */
  #nodes: NodesByRoot | undefined;
  /** Event types whose last shapes were taken. */
  readonly #handedOver = new Set<string>();
  /** Number of the constant event type, −1 when there is none. */
  #constant = -1;
  #block: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #framed = false;
  /** The last record, when too little follows it in its block. */
  #tail = new Uint8Array(1024);

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#types = new TypeTable(options.fate);
    this.#builder = new BlockBuilder(options.sourceId, this.#types);
    const paths = options.constantEventType === undefined ? options.eventTypePaths : [];
    this.#tree = new PathTree(this.#keys, options.keysPerDepth, paths);
    this.#stats = new PathStats(this.#tree);
    this.#context = new LineContext(this.#keys, this.#tree, this.#stats, this.#types);
    this.#scanner = new ByteScanner(this.#context, this.#tree, this.#keys);
  }

  /**
   * Scans text lines separated by LF or CRLF; the last one may lack its newline. `firstLine` is the 1-based number of the block's first
   * line, `firstOffset` the position of its first byte in the uncompressed source; a byte order mark at offset 0 is skipped.
   */
  scan(block: Uint8Array, firstLine: number, firstOffset: number): BlockResult {
    this.#begin(block, firstLine, false);
    const end = block.length > PADDING ? block.lastIndexOf(NEWLINE, block.length - PADDING - 1) + 1 : 0;
    let at = firstOffset === 0 && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf ? 3 : 0;
    let index = 0;
    for (; at < end; index++) at = this.#line(at, index, firstOffset);
    for (; at < block.length; index++) at = this.#lastLine(at, index, firstOffset);
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
    this.#begin(block, firstLine, true);
    const records = spans.length >> 1;
    for (let index = 0; index < records; index++) {
      const [start, end] = [spans[index * 2]!, spans[index * 2 + 1]!];
      const offset = typeof offsets === "number" ? offsets + start : offsets[index]!;
      if (end > block.length - PADDING) this.#last(start, end, index, offset);
      else {
        const fate = this.#scanFramed(start, end);
        this.#settle(fate, this.#block, start, end, index, offset);
      }
    }
    return this.#builder.finish(records);
  }

  /**
   * Takes back the buffer of a block's segments that nobody needs any more, for the segments of a later block: fresh memory costs more time
   * than writing to it. Optional.
   */
  recycle(buffer: ArrayBuffer): void {
    this.#builder.recycle(buffer);
  }

  /** The shapes of the rows since the last call, by event type: all of them in memory. */
  takeShapes(): Map<string, Shape> {
    this.#empty();
    const taken = this.#shapes;
    this.#shapes = new Map();
    return taken;
  }

  /**
   * When there is nothing more to scan: the shapes of these event types since `takeShapes`, or of all that were not asked for yet, made
   * one by one.
   */
  *lastShapes(eventTypes?: readonly string[]): Generator<[string, Shape], void, undefined> {
    const nodes = (this.#nodes ??= new NodesByRoot(this.#tree));
    for (const eventType of eventTypes ?? new Set([...this.#types.names, ...this.#shapes.keys()])) {
      if (this.#handedOver.has(eventType)) continue;
      this.#handedOver.add(eventType);
      this.#addCounted(eventType, nodes);
      const shape = this.#shapes.get(eventType);
      if (shape) yield [eventType, shape];
      this.#shapes.delete(eventType);
    }
  }

  #begin(block: Uint8Array, firstLine: number, framed: boolean): void {
    if (this.#nodes) throw new Error("nothing can be scanned once the last shapes are being taken");
    // Of one class always, so that the inner loop is compiled for that one.
    this.#block = new Uint8Array(block.buffer, block.byteOffset, block.length);
    this.#view = new DataView(block.buffer, block.byteOffset, block.length);
    this.#framed = framed;
    if (this.#types.names.length > MAX_TYPES) {
      this.#empty();
      this.#types.clear();
      this.#builder.forgetTypes();
    }
    const { constantEventType } = this.#options;
    if (constantEventType !== undefined) this.#constant = this.#types.id(constantEventType);
    this.#builder.begin(block, firstLine);
  }

  #scan(bytes: Uint8Array, view: DataView, at: number, recordEnd: number): number {
    if (this.#tree.full || this.#keys.full || this.#rowsCounted >= MAX_ROWS) this.#empty();
    return this.#scanner.scan(bytes, view, at, recordEnd, this.#constant);
  }

  #scanFramed(start: number, end: number): number {
    try {
      return this.#scan(this.#block, this.#view, start, end);
    } catch (error) {
      // Read on beyond the block: the record does not end where it should.
      if (error instanceof RangeError) return FATE.ODD;
      throw error;
    }
  }

  /** Scans the text line at `at`, which ends with a newline; returns where the next one begins. */
  #line(at: number, index: number, firstOffset: number): number {
    const block = this.#block;
    const fate = this.#scan(block, this.#view, at, -1);
    const next = fate === FATE.ODD ? block.indexOf(NEWLINE, at) + 1 : this.#scanner.next;
    const end = next - 2 >= at && block[next - 2] === RETURN ? next - 2 : next - 1;
    this.#settle(fate, block, at, end, index, firstOffset + at);
    return next;
  }

  /** Scans the text line at `at`, near the end of the block, which may lack its newline. */
  #lastLine(at: number, index: number, firstOffset: number): number {
    const block = this.#block;
    const newline = block.indexOf(NEWLINE, at);
    const next = newline < 0 ? block.length : newline + 1;
    const end = newline > at && block[newline - 1] === RETURN ? newline - 1 : newline < 0 ? next : newline;
    this.#last(at, end, index, firstOffset + at);
    return next;
  }

  /** Scans a record near the end of the block: a copy that enough follows. */
  #last(start: number, end: number, index: number, offset: number): void {
    const length = end - start;
    if (this.#tail.length < length + PADDING) this.#tail = new Uint8Array(length * 2 + PADDING);
    this.#tail.set(this.#block.subarray(start, end));
    this.#tail[length] = NEWLINE;
    const fate = this.#scan(this.#tail, new DataView(this.#tail.buffer), 0, this.#framed ? length : -1);
    this.#settle(fate, this.#tail, start, end, index, offset);
  }

  /** Decides what becomes of the record just scanned in `bytes`, which is `[start, end)` of the block. */
  #settle(fate: number, bytes: Uint8Array, start: number, end: number, index: number, offset: number): void {
    if (fate === FATE.BLANK) return this.#builder.blank();
    if (fate === FATE.ODD) return this.#judge(start, end, index, offset);
    const { bodyStart, bodyEnd, hasNewlines } = this.#scanner;
    const { type } = this.#context;
    if (type < 0) {
      return this.#builder.quarantine(index, offset, start, end, "no_event_type", noEventType(this.#options));
    }
    if (bytes === this.#block && !hasNewlines) {
      if (!this.#keeps(type, bytes, bodyStart, bodyEnd, index, start, end, offset)) return;
      this.#builder.row(type, index, bodyStart, bodyEnd);
    } else {
      const body = withoutNewlines(bytes.slice(bodyStart, bodyEnd));
      if (!this.#keeps(type, body, 0, body.length, index, start, end, offset)) return;
      this.#builder.row(type, index, 0, body.length, body);
    }
    this.#count(bytes);
  }

  /** True when a valid line is to become a row; otherwise what becomes of it has been noted. */
  #keeps(
    type: number,
    body: Uint8Array,
    bodyStart: number,
    bodyEnd: number,
    index: number,
    start: number,
    end: number,
    offset: number,
  ): boolean {
    const fate = this.#types.fates[type]!;
    if (fate === "keep") {
      const bytes = this.#builder.tooLong(type, index, body, bodyStart, bodyEnd);
      if (bytes === 0) return true;
      this.#builder.quarantine(index, offset, start, end, "line_too_long", tooLong(bytes));
    } else if (fate === "drop") this.#builder.drop();
    else this.#builder.quarantine(index, offset, start, end, "by_rule", byRule(this.#types.names[type]!));
    return false;
  }

  /** Counts the values of the line just scanned. */
  #count(bytes: Uint8Array): void {
    const context = this.#context;
    context.settle();
    this.#stats.add(context.length, context.tape, context.values, bytes);
    this.#rowsCounted++;
  }

  /** The slow path. */
  #judge(start: number, end: number, index: number, offset: number): void {
    const builder = this.#builder;
    const verdict = judgeLine(this.#block.subarray(start, end), this.#options);
    if (verdict.kind === "blank") return builder.blank();
    if (verdict.kind === "invalid") {
      return builder.quarantine(index, offset, start, end, verdict.reason, verdict.detail);
    }
    const { eventType, body } = verdict;
    const type = this.#types.id(eventType);
    if (!this.#keeps(type, body, 0, body.length, index, start, end, offset)) return;
    builder.row(type, index, 0, body.length, body);
    if (verdict.normalised) builder.normalise();
    this.#addShape(eventType, verdict.shape());
  }

  /** Turns what the trees have counted into shapes, and begins with empty trees. */
  #empty(): void {
    const nodes = new NodesByRoot(this.#tree);
    for (const eventType of this.#types.names) this.#addCounted(eventType, nodes);
    this.#tree.clear();
    this.#stats.clear();
    this.#context.forgetTrees();
    this.#rowsCounted = 0;
  }

  /** Adds what was counted in the tree of an event type, if it has one. */
  #addCounted(eventType: string, nodes: NodesByRoot): void {
    const type = this.#types.known(eventType);
    const root = type === undefined ? NO_NODE : (this.#context.roots[type] ?? NO_NODE);
    const shape = root === NO_NODE ? undefined : this.#stats.shape(nodes.of(root));
    if (shape) this.#addShape(eventType, shape);
  }

  #addShape(eventType: string, shape: Shape): void {
    const known = this.#shapes.get(eventType);
    if (known) mergeShape(known, shape, this.#options.keysPerDepth);
    else this.#shapes.set(eventType, shape);
  }
}

/** Takes CR and LF out of a copy that is valid JSON, where they stand between tokens only. */
function withoutNewlines(copy: Uint8Array): Uint8Array {
  return copy.filter((byte) => byte !== NEWLINE && byte !== RETURN);
}

function byRule(eventType: string): string {
  return `a route quarantines event type ${JSON.stringify(eventType)}`;
}

function tooLong(bytes: number): string {
  return `the line as written would have ${bytes} bytes with each | counted twice, the limit is ${MAX_LINE_BYTES}`;
}
