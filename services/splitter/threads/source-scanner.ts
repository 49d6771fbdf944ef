// What one thread does with the blocks of one source: for format text it first turns lines into objects; then the scanner does the rest.
import type { Config } from "../../../shared/config/schema.ts";
import { routeFor } from "../../../shared/config/route-for.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import type { QuarantineReason } from "../../../shared/contracts/words.ts";
import type { Shape } from "../../../shared/shape/shape.ts";
import { UNCOUNTED, type Block } from "../frame/framed.ts";
import { BlockScanner } from "../scan/block-scanner.ts";
import type { BlockResult, Fate, TypeSegment } from "../scan/contract.ts";
import { lineParser, type LineParser } from "../text/line-parser.ts";
import { textToRecords, type TextRecords } from "../text/text-to-records.ts";

/** What a thread has to know of a source. Plain data: it is copied to the threads. */
export interface SourceScan {
  readonly sourceId: string;
  readonly settings: SourceSettings;
  readonly config: Config;
}

export interface BadLine {
  readonly line: number;
  readonly offset: number;
  readonly reason: QuarantineReason;
  readonly detail: string;
  /** The record's bytes as they are in the source, in the block's buffer. */
  readonly raw: Uint8Array;
}

/**
 * The segments of a block, in the order in which the types first appear, as few objects as possible: with thousands of event types, a view
 * and an object for each would cost more on their way between threads than their bytes.
 */
export interface PackedSegments {
  readonly eventTypes: readonly string[];
  /** Lines of each segment. */
  readonly lines: Uint32Array;
  /** Start and end of each segment in `bytes`. */
  readonly spans: Uint32Array;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** lines = rows + quarantined.length + dropped + blank. */
export interface ScannedBlock {
  readonly segments: PackedSegments;
  readonly quarantined: readonly BadLine[];
  readonly lines: number;
  readonly rows: number;
  readonly dropped: number;
  readonly blank: number;
  readonly normalised: number;
  /** Handed out early when there are many event types, so that no thread keeps more than a bounded number. */
  readonly shapes: Map<string, Shape> | undefined;
  /** The block's buffer, to be used again when `quarantined` has been written. */
  readonly buffer: ArrayBuffer;
}

export class SourceScanner {
  readonly #scanner: BlockScanner;
  readonly #maxTypes: number;
  readonly #parser: LineParser | undefined;
  readonly #typesSinceTaken = new Set<string>();
  /** Lines of the source so far, when they come uncounted. */
  #lines = 0;

  constructor({ sourceId, settings, config }: SourceScan) {
    this.#parser = settings.format === "text" ? lineParser(settings.pattern) : undefined;
    const constantEventType = settings.constantEventType ?? patternAsType(settings, this.#parser);
    this.#scanner = new BlockScanner({
      sourceId,
      eventTypePaths: settings.eventTypePaths,
      ...(constantEventType === undefined ? {} : { constantEventType }),
      keysPerDepth: config.splitter.keys_per_depth,
      fate: (eventType) => fateOf(config, eventType),
    });
    this.#maxTypes = config.splitter.max_types_per_source;
  }

  async scan(framed: Block): Promise<ScannedBlock> {
    const isCounted = framed.firstLine !== UNCOUNTED;
    const block = isCounted ? framed : { ...framed, firstLine: this.#lines + (framed.passed ?? 0) + 1 };
    const result = this.#parser ? await this.#scanText(block, this.#parser) : this.#scanBlock(block);
    this.#lines = block.firstLine - 1 + result.lines;
    return result;
  }

  #scanBlock(block: Block): ScannedBlock {
    const result = block.spans
      ? this.#scanner.scanRecords(block.bytes, block.spans, block.firstLine, block.offset)
      : this.#scanner.scan(block.bytes, block.firstLine, block.offset);
    return this.#scanned(
      block,
      result,
      result.quarantined.map(({ line, offset, reason, detail, start, end }) => {
        return { line, offset, reason, detail, raw: block.bytes.subarray(start, end) };
      }),
    );
  }

  /** Takes the buffer of segments that have been written, to fill it again. */
  recycle(buffer: ArrayBuffer): void {
    this.#scanner.recycle(buffer);
  }

  /** Nothing may be asked of the scanner any more. */
  close(): void {
    this.#scanner.close();
  }

  /** The shapes that no block has carried, as `BlockScanner.lastShapes`. */
  lastShapes(eventTypes?: readonly string[]): Iterable<[string, Shape]> {
    return this.#scanner.lastShapes(eventTypes);
  }

  #takeShapes(): Map<string, Shape> {
    this.#typesSinceTaken.clear();
    return this.#scanner.takeShapes();
  }

  async #scanText(block: Block, parser: LineParser): Promise<ScannedBlock> {
    const text = await textToRecords(block, parser);
    const result = this.#scanner.scanRecords(text.bytes, text.spans, block.firstLine, text.offsets);
    const rejected = result.quarantined.map(({ line, offset, reason, detail }) => {
      return { line, offset, reason, detail, raw: rawLine(block, text, line) };
    });
    const quarantined = [...rejected, ...text.notMatched].sort((a, b) => a.line - b.line);
    // A line that did not match stands in the records as an empty one, to keep the numbers.
    return this.#scanned(block, { ...result, blank: result.blank - text.notMatched.length }, quarantined);
  }

  #scanned(block: Block, result: BlockResult, quarantined: readonly BadLine[]): ScannedBlock {
    for (const { eventType } of result.segments) this.#typesSinceTaken.add(eventType);
    const { segments, lines, rows, dropped, blank, normalised } = result;
    const shapes = this.#typesSinceTaken.size > this.#maxTypes ? this.#takeShapes() : undefined;
    return {
      segments: pack(segments),
      quarantined,
      lines,
      rows,
      dropped,
      blank,
      normalised,
      shapes,
      buffer: block.bytes.buffer,
    };
  }
}

/** Text lines seldom say their event type: without a field that could, it is the pattern's name. */
function patternAsType(settings: SourceSettings, parser: LineParser | undefined): string | undefined {
  if (
    !parser ||
    settings.eventTypePaths.some(([key, ...deeper]) => !deeper.length && parser.fields.includes(key!))
  ) {
    return undefined;
  }
  return parser.name;
}

/** All segments of a block share one buffer. */
function pack(segments: readonly TypeSegment[]): PackedSegments {
  const lines = new Uint32Array(segments.length);
  const spans = new Uint32Array(segments.length * 2);
  segments.forEach((segment, i) => {
    lines[i] = segment.lines;
    spans[i * 2] = segment.bytes.byteOffset;
    spans[i * 2 + 1] = segment.bytes.byteOffset + segment.bytes.length;
  });
  const bytes = new Uint8Array(segments[0]?.bytes.buffer ?? new ArrayBuffer(0));
  return { eventTypes: segments.map((segment) => segment.eventType), lines, spans, bytes };
}

function fateOf(config: Config, eventType: string): Fate {
  const route = routeFor(config, eventType);
  if (route?.drop) return "drop";
  return route?.quarantine ? "quarantine" : "keep";
}

function rawLine(block: Block, text: TextRecords, line: number): Uint8Array {
  const index = line - block.firstLine;
  return block.bytes.subarray(text.lines[index * 2], text.lines[index * 2 + 1]);
}
