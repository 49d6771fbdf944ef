// What one thread does with the blocks of one source: for format text it first turns lines into objects; then the scanner does the rest.
import type { Config } from "../../../shared/config/schema.ts";
import { routeFor } from "../../../shared/config/route-for.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import type { Shape } from "../../../shared/shape/shape.ts";
import { UNCOUNTED, type Block } from "../frame/framed.ts";
import { BlockScanner } from "../scan/block-scanner.ts";
import type { BlockResult, Fate, QuarantinedLine, Segments } from "../scan/contract.ts";
import { BadLinesBuilder, quarantinedLines, type BadLines } from "../scan/bad-lines.ts";
import { lineParser, type LineParser } from "../text/line-parser.ts";
import type { TextRecords } from "../text/text-to-records.ts";

/** What a thread has to know of a source. Plain data: it is copied to the threads. */
export interface SourceScan {
  readonly sourceId: string;
  readonly settings: SourceSettings;
  readonly config: Config;
}

/** lines = rows + quarantined.count + dropped + blank. */
export interface ScannedBlock {
  readonly segments: Segments;
  readonly quarantined: BadLines;
  readonly lines: number;
  readonly rows: number;
  readonly dropped: number;
  readonly blank: number;
  readonly normalised: number;
  /** Handed out early when there are many event types, so that no thread keeps more than a bounded number. */
  readonly shapes: Map<string, Shape> | undefined;
  /** Where the block begins in its buffer. */
  readonly blockAt: number;
  /** The block's buffer, to be used again when `quarantined` has been written. */
  readonly buffer: ArrayBuffer;
}

export class SourceScanner {
  readonly #scanner: BlockScanner;
  readonly #maxTypes: number;
  readonly #parser: LineParser | undefined;
  /** Numbers of event types, and the numbering that they belong to. */
  readonly #typesSinceTaken = new Set<number>();
  #numbering = "";
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

  /** Begins with another source under the same settings and configuration, as `BlockScanner.startOver`. */
  startOver(sourceId: string): boolean {
    this.#typesSinceTaken.clear();
    this.#numbering = "";
    this.#lines = 0;
    return this.#scanner.startOver(sourceId);
  }

  async scan(framed: Block): Promise<ScannedBlock> {
    if (!this.#parser) return this.scanNow(framed);
    const block = this.#counted(framed);
    return this.#after(block, await this.#scanText(block, this.#parser));
  }

  /** As `scan`, for what is not format text. */
  scanNow(framed: Block): ScannedBlock {
    const block = this.#counted(framed);
    const result = block.spans
      ? this.#scanner.scanRecords(block.bytes, block.spans, block.firstLine, block.offset)
      : this.#scanner.scan(block.bytes, block.firstLine, block.offset);
    return this.#after(block, this.#scanned(block, result, result.quarantined));
  }

  #counted(block: Block): Block {
    if (block.firstLine !== UNCOUNTED) return block;
    return { ...block, firstLine: this.#lines + (block.passed ?? 0) + 1 };
  }

  #after(block: Block, result: ScannedBlock): ScannedBlock {
    this.#lines = block.firstLine - 1 + result.lines;
    return result;
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

  /** The same as JSON text. */
  lastShapeTexts(eventTypes: readonly string[]): Map<string, string> {
    return new Map(this.#scanner.lastShapeTexts(eventTypes));
  }

  /** The same as elements of a receipt's `types`, as `BlockScanner.lastTypeTexts`. */
  lastTypeTexts(eventTypes: readonly string[], lines: Uint32Array): Uint8Array | undefined {
    return this.#scanner.lastTypeTexts(eventTypes, lines);
  }

  /** True when more event types than have parts of their own were met since shapes were last handed out. */
  #hasMany({ numbering, types }: Segments): boolean {
    // When the scanner has forgotten its types there have been many, most likely: shapes are handed out, whatever the number since.
    const forgot = this.#numbering !== "" && this.#numbering !== numbering;
    this.#numbering = numbering;
    for (const type of types) this.#typesSinceTaken.add(type);
    return forgot || this.#typesSinceTaken.size > this.#maxTypes;
  }

  #takeShapes(): Map<string, Shape> {
    this.#typesSinceTaken.clear();
    return this.#scanner.takeShapes();
  }

  async #scanText(block: Block, parser: LineParser): Promise<ScannedBlock> {
    const { textToRecords } = await import("../text/text-to-records.ts");
    const text = await textToRecords(block, parser);
    const result = this.#scanner.scanRecords(text.bytes, text.spans, block.firstLine, text.offsets);
    const rejected = Array.from(quarantinedLines(result.quarantined), (bad) => {
      return { ...bad, ...placeOf(block, text, bad.line) };
    });
    const all = [...rejected, ...text.notMatched].sort((a, b) => a.line - b.line);
    const quarantined = new BadLinesBuilder();
    for (const bad of all) quarantined.add(bad);
    // A line that did not match stands in the records as an empty one, to keep the numbers.
    return this.#scanned(
      block,
      { ...result, blank: result.blank - text.notMatched.length },
      quarantined.take(),
    );
  }

  #scanned(block: Block, result: BlockResult, quarantined: BadLines): ScannedBlock {
    const { segments, lines, rows, dropped, blank, normalised } = result;
    const shapes = this.#hasMany(segments) ? this.#takeShapes() : undefined;
    return {
      segments,
      quarantined,
      blockAt: block.bytes.byteOffset,
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

function fateOf(config: Config, eventType: string): Fate {
  const route = routeFor(config, eventType);
  if (route?.drop) return "drop";
  return route?.quarantine ? "quarantine" : "keep";
}

function placeOf(block: Block, text: TextRecords, line: number): Pick<QuarantinedLine, "start" | "end"> {
  const index = line - block.firstLine;
  return { start: text.lines[index * 2]!, end: text.lines[index * 2 + 1]! };
}
