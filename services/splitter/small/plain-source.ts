// The usual small source: lines of text, all of them rows, of event types that share parts. What `Attempt` does with streams, pages and promises for
// sources of any size is a few loops for it. Whatever else it may be is left to `Attempt`; tests hold both to the same bytes.
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import { partKey } from "../../../shared/contracts/keys.ts";
import { OTHER_EVENT_TYPE } from "../../../shared/contracts/words.ts";
import { UNCOUNTED } from "../frame/framed.ts";
import { FRAME_BYTES } from "../parts/frame-compressor.ts";
import { PAGE_BYTES } from "../parts/page-pool.ts";
import { TYPES_A_PART, YOUNG_SHARE } from "../parts/shared-streams.ts";
import type { WrittenPart } from "../parts/part-writer.ts";
import { ZstdEncoder } from "../parts/zstd-encoder.ts";
import { AFTER_TYPES, beforeTypes, partTexts } from "../receipt/build-receipt.ts";
import type { Segments } from "../scan/contract.ts";
import { giveScanner, takeScanner } from "../threads/idle-scanners.ts";
import type { ScannedBlock, SourceScanner } from "../threads/source-scanner.ts";
import { PackedBytes } from "./packed-bytes.ts";
import type { SmallSplit, SourceInWork } from "./split-small.ts";

const CODEC = "zstd";
/** No more than a byte order mark: nothing to be scanned. */
const EMPTY_BYTES = 3;
/** Sources in a row that are taken for another kind without a look. */
const MOST_PASSED = 15;

/** Of this thread: one source is worked on at a time. */
const packed = new PackedBytes();
let encoder: { readonly level: number; readonly zstd: ZstdEncoder } | undefined;

/** For sources under the same settings. */
export class PlainSplitter {
  readonly #config: Config;
  readonly #settings: SourceSettings;
  /** Bytes of part lines for each of the source, as the last one was. */
  #expands = 1;
  /** After one of another kind, so many are not looked at; twice as many after each that is looked at in vain. */
  #passed = 0;
  #toPass = 0;

  constructor(config: Config, settings: SourceSettings) {
    this.#config = config;
    this.#settings = settings;
  }

  /** Undefined when the source is of another kind. */
  split({ sourceId, attempt }: SourceInWork, raw: Uint8Array<ArrayBuffer>): SmallSplit | undefined {
    if (raw.length <= EMPTY_BYTES || !this.#mayFit(raw) || this.#isPassedOver()) return undefined;
    const [config, settings] = [this.#config, this.#settings];
    if (settings.format !== "ndjson" || config.splitter.compression !== CODEC) return undefined;
    const scan = { sourceId, settings, config };
    const scanner = takeScanner(scan);
    let segments: Segments | undefined;
    try {
      // The scanner leaves out a byte order mark, and no line is too long to be framed.
      const lineOf = { firstLine: UNCOUNTED, lines: 0, offset: 0 };
      const scanned = scanner.scanNow({ kind: "block", bytes: raw, spans: undefined, ...lineOf });
      const { lines: total, rows, dropped, blank, normalised } = scanned;
      segments = scanned.segments;
      const isKind = isUsual(scanned, config);
      this.#learn(raw, segments, isKind);
      if (!isKind) return undefined;
      const parts = partsOf(segments, namesOf(segments));
      const written = this.#compressed(parts, (sequence) => partKey(sourceId, attempt, sequence, ".zst"));
      if (!written) return undefined;
      const partsAt = packed.length;
      written.forEach((part, index) => describe(part, parts[index]!, scanner));
      const lines = { total, rows, quarantined: 0, dropped, blank, normalised };
      return {
        lines,
        rawBytes: raw.length,
        written,
        bytes: packed.take(),
        partsAt,
        types: segments.types.length,
      };
    } finally {
      if (segments) scanner.recycle(segments.bytes.buffer);
      giveScanner(scan, scanner);
    }
  }

  /** What does not fit would be scanned for nothing: part lines are longer than their lines, the more so the shorter those are. */
  #mayFit(raw: Uint8Array): boolean {
    if (raw.length * this.#expands < FRAME_BYTES) return true;
    // One of short lines says little of the next one: it is not for ever.
    this.#expands = (this.#expands + 1) / 2;
    return false;
  }

  /** Where one has bad lines, the next ones have some too, most likely. */
  #isPassedOver(): boolean {
    if (this.#toPass === 0) return false;
    this.#toPass--;
    return true;
  }

  #learn(raw: Uint8Array, { spans }: Segments, isKind: boolean): void {
    this.#expands = (spans.at(-1) ?? 0) / raw.length;
    this.#passed = isKind ? 0 : Math.min(MOST_PASSED, this.#passed * 2 + 1);
    this.#toPass = this.#passed;
  }

  /** Packs the parts' bytes. Undefined when there is too much for one frame. */
  #compressed(
    parts: readonly PlainPart[],
    keyOf: (sequence: number) => string,
  ): readonly WrittenPart[] | undefined {
    packed.clear();
    const written: WrittenPart[] = [];
    for (const [sequence, { raw, names, lines }] of parts.entries()) {
      const frame = raw.length > FRAME_BYTES ? undefined : this.#frame(raw);
      if (!frame) return undefined;
      packed.bytes(frame);
      written.push({
        kind: "part",
        isShared: true,
        sequence,
        key: keyOf(sequence),
        bytes: frame.length,
        lines: lines.reduce((sum, count) => sum + count, 0),
        rawBytes: raw.length,
        marks: new Map(names.map((name, index) => [name, lines[index]!])),
      });
    }
    return written;
  }

  #frame(raw: Uint8Array): Uint8Array | undefined {
    const level = this.#config.splitter.compression_level;
    if (encoder?.level !== level) encoder = { level, zstd: new ZstdEncoder(level, FRAME_BYTES) };
    return encoder.zstd.frameNow(raw);
  }
}

/** Some event types, whose lines are one part. */
interface PlainPart {
  readonly raw: Uint8Array;
  readonly names: readonly string[];
  /** Of each. */
  readonly lines: Uint32Array;
}

/** As many event types in each as share one: their segments stand one after the other. */
function partsOf({ bytes, spans, lines }: Segments, names: readonly string[]): readonly PlainPart[] {
  const parts: PlainPart[] = [];
  for (let first = 0; first < names.length; first += TYPES_A_PART) {
    const next = Math.min(first + TYPES_A_PART, names.length);
    const raw = bytes.subarray(spans[first * 2], spans[next * 2 - 1]);
    parts.push({ raw, names: names.slice(first, next), lines: lines.subarray(first, next) });
  }
  return parts;
}

/** Packs the text of a part as the receipt has it. An event type is in one part only: its shape is there. */
function describe(part: WrittenPart, { names, lines }: PlainPart, scanner: SourceScanner): void {
  if (part.sequence > 0) packed.text(",");
  const types = scanner.lastTypeTexts(names, lines);
  if (!types) return packed.text(partTexts([part], scanner.lastShapeTexts(names), CODEC).join(""));
  packed.text(beforeTypes(part, CODEC));
  packed.bytes(types);
  packed.text(AFTER_TYPES);
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
