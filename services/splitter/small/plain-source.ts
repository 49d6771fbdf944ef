// The usual small source: lines of text, all of them rows, of event types that share parts. What `Attempt` does with streams, pages and promises for
// sources of any size is a few loops for it. Whatever else it may be is left to `Attempt`; tests hold both to the same bytes.
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import { partKey } from "../../../shared/contracts/keys.ts";
import { OTHER_EVENT_TYPE } from "../../../shared/contracts/words.ts";
import { BufferPool } from "../frame/buffer-pool.ts";
import { BLOCK_BYTES, STEP_BYTES, type Block } from "../frame/framed.ts";
import { openFramer } from "../open-framer.ts";
import { FRAME_BYTES, SMALL_BYTES } from "../parts/frame-compressor.ts";
import { PAGE_BYTES } from "../parts/page-pool.ts";
import { TYPES_A_PART, YOUNG_SHARE } from "../parts/shared-streams.ts";
import type { WrittenPart } from "../parts/part-writer.ts";
import { ZstdEncoder } from "../parts/zstd-encoder.ts";
import { partTexts } from "../receipt/build-receipt.ts";
import type { Segments } from "../scan/contract.ts";
import { giveScanner, takeScanner } from "../threads/idle-scanners.ts";
import type { ScannedBlock } from "../threads/source-scanner.ts";
import type { SmallSplit, SourceInWork } from "./split-small.ts";

/** Of this thread: one source is worked on at a time. */
const buffers = new BufferPool(BLOCK_BYTES + STEP_BYTES, 1);
let encoder: { readonly level: number; readonly zstd: ZstdEncoder } | undefined;

/** For sources under the same settings. */
export class PlainSplitter {
  readonly #config: Config;
  readonly #settings: SourceSettings;

  constructor(config: Config, settings: SourceSettings) {
    this.#config = config;
    this.#settings = settings;
  }

  /** Undefined when the source is of another kind. One at a time. */
  async split({ sourceId, attempt }: SourceInWork, raw: Uint8Array): Promise<SmallSplit | undefined> {
    // Part lines are longer than their lines: not of the usual kind, unless it has very many event types. To find that out by scanning it would be work done twice.
    if (raw.length > SMALL_BYTES) return undefined;
    const [config, settings] = [this.#config, this.#settings];
    if (settings.format !== "ndjson" || config.splitter.compression !== "zstd") return undefined;
    const block = await this.#onlyBlock(raw);
    if (!block) return undefined;
    const scan = { sourceId, settings, config };
    const scanner = takeScanner(scan);
    try {
      const scanned = await scanner.scan(block);
      buffers.give(scanned.buffer);
      if (!isUsual(scanned, config)) return undefined;
      const { segments, lines: total, rows, dropped, blank, normalised } = scanned;
      const parts = this.#compressed(segments, (sequence) => partKey(sourceId, attempt, sequence, ".zst"));
      scanner.recycle(segments.bytes.buffer);
      const shapes = scanner.lastShapeTexts(namesOf(segments));
      if (!parts) return undefined;
      const lines = { total, rows, quarantined: 0, dropped, blank, normalised };
      const text = partTexts(parts.written, shapes, "zstd").join("");
      return { lines, rawBytes: raw.length, ...parts, types: shapes.size, partsText: text };
    } finally {
      giveScanner(scan, scanner);
    }
  }

  async #onlyBlock(raw: Uint8Array): Promise<Block | undefined> {
    const framer = await openFramer(this.#settings, buffers.take, false);
    const [block, ...others] = [...framer.push(raw), ...framer.end()];
    return others.length === 0 && block?.kind === "block" ? block : undefined;
  }

  /** The parts, as many event types in each as share one: their segments stand one after the other. Undefined when there is too much for one frame. */
  #compressed(
    { bytes, spans, ...segments }: Segments,
    keyOf: (sequence: number) => string,
  ): Pick<SmallSplit, "written" | "bodies"> | undefined {
    const names = namesOf(segments);
    const written: WrittenPart[] = [];
    const bodies: Uint8Array<ArrayBuffer>[] = [];
    for (let first = 0; first < names.length; first += TYPES_A_PART) {
      const next = Math.min(first + TYPES_A_PART, names.length);
      const raw = bytes.subarray(spans[first * 2], spans[next * 2 - 1]);
      const frame = raw.length > SMALL_BYTES ? undefined : this.#frame(raw);
      if (!frame) return undefined;
      const marks = new Map<string, number>();
      for (let i = first; i < next; i++) marks.set(names[i]!, segments.lines[i]!);
      const lines = segments.lines.subarray(first, next).reduce((sum, count) => sum + count, 0);
      const sequence = written.length;
      const sizes = { bytes: frame.length, lines, rawBytes: raw.length };
      written.push({ kind: "part", isShared: true, sequence, key: keyOf(sequence), ...sizes, marks });
      bodies.push(new Uint8Array(frame));
    }
    return { written, bodies };
  }

  #frame(raw: Uint8Array): Uint8Array | undefined {
    const level = this.#config.splitter.compression_level;
    if (encoder?.level !== level) encoder = { level, zstd: new ZstdEncoder(level, SMALL_BYTES) };
    return encoder.zstd.frameNow(raw);
  }
}

/** True when all event types are kept apart, share parts, and need no memory but what there surely is. */
function isUsual({ segments, quarantined, shapes }: ScannedBlock, { splitter }: Config): boolean {
  const { types, spans } = segments;
  const names = namesOf(segments);
  const bytes = spans.at(-1) ?? 0;
  const mostBytes = Math.min(FRAME_BYTES, splitter.memory_bytes * YOUNG_SHARE);
  return (
    quarantined.count === 0 &&
    !shapes &&
    types.length <= splitter.max_types_per_source &&
    new Set(types).size === types.length &&
    !names.includes(OTHER_EVENT_TYPE) &&
    bytes + types.length * PAGE_BYTES < mostBytes &&
    types.every((_, i) => spans[i * 2 + 1]! - spans[i * 2]! < splitter.own_part_bytes)
  );
}

/** Names of the segments' event types: of the first segments of a source, which bring all of them. */
function namesOf({
  types,
  firstNew,
  newNames,
}: Pick<Segments, "types" | "firstNew" | "newNames">): readonly string[] {
  return Array.from(types, (type) => newNames[type - firstNew]!);
}
