// The scanner's door: blocks of whole records in, part lines by event type, quarantined lines, accounting and shapes out. A pure
// function of bytes and options: cutting the same lines into other blocks changes nothing but the cuts.
import { MAX_LINE_BYTES, type QuarantineReason } from "../../../shared/contracts/words.ts";
import type { Shape } from "../../../shared/shape/shape.ts";
import { copyBytes } from "../frame/copy-bytes.ts";
import { BlockBuilder, type LaidOut } from "./block-builder.ts";
import type { BlockResult, ScanOptions, Segments } from "./contract.ts";
import { GatheredShapes } from "./gathered-shapes.ts";
import { judgeLine, noEventType } from "./judge-line.ts";
import { KeyTable } from "./key-table.ts";
import { LineContext } from "./line-context.ts";
import { PathTree } from "./path-tree.ts";
import { ScanMemory } from "./scan-memory.ts";
import { giveSegmentBuffer, takeSegmentBuffer } from "./segment-buffers.ts";
import { newNumbering, TypeTable } from "./type-table.ts";
import {
  AT,
  BLOCK,
  BODY_END,
  BODY_START,
  CONSTANT_TYPE,
  CUT,
  DONE,
  FULL,
  INDEX,
  MAX_BLOCK,
  ODD,
  OUT,
  PADDING,
  ROWS_COUNTED,
  TYPE,
  TYPELESS,
} from "./wasm/assembly/layout.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** Rows after which counters are emptied, well before they are full. */
const MAX_ROWS_COUNTED = 2 ** 30;
/** Nodes, keys or event types with which another source is not begun: they are gone through for each. */
const MOST_LEARNT = 2000;
/** Bytes scanned at once; one is left for a newline at the end. */
const MAX_PIECE = MAX_BLOCK - 1;

/** A record of the block in hand: its number and its place in the block and in the source. */
interface Place {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly offset: number;
}

interface Chunk extends LaidOut {
  readonly partLines: Uint8Array;
  /** Names of its event types, once their numbers mean nothing any more. */
  names?: readonly string[];
}

export class BlockScanner {
  readonly #options: ScanOptions;
  readonly #memory: ScanMemory;
  readonly #types: TypeTable;
  readonly #builder: BlockBuilder;
  readonly #keys: KeyTable;
  readonly #tree: PathTree;
  readonly #shapes: GatheredShapes;
  readonly #context: LineContext;
  #block: Uint8Array = new Uint8Array(0);
  /** What of the block is in the scanner's memory. */
  #pieceStart = 0;
  #pieceEnd = 0;
  /** Part lines of the block that had to be laid out before its end. */
  #chunks: Chunk[] = [];
  /** Event types whose names the segments so far have brought. */
  #namesTold = 0;
  /** Set from the beginning of a block to its end. */
  #isAtWork = false;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#memory = ScanMemory.take();
    this.#types = new TypeTable(this.#memory, options.fate);
    this.#builder = new BlockBuilder(this.#memory, options.sourceId, this.#types);
    this.#keys = new KeyTable(this.#memory);
    const paths = options.constantEventType === undefined ? options.eventTypePaths : [];
    this.#tree = new PathTree(this.#memory, this.#keys, options.keysPerDepth, paths);
    this.#shapes = new GatheredShapes(this.#memory, this.#tree, this.#types);
    this.#context = new LineContext(this.#memory, this.#keys, this.#tree, this.#shapes.stats, this.#types);
    this.#memory.cells[FULL] = this.#memory.cells[ROWS_COUNTED] = 0;
    this.#memory.serve(this.#context);
  }

  /**
   * Scans text lines separated by LF or CRLF; the last one may lack its newline. `firstLine` is the 1-based number of the block's first
   * line, `firstOffset` the position of its first byte in the uncompressed source; a byte order mark at offset 0 is skipped.
   */
  scan(block: Uint8Array, firstLine: number, firstOffset: number): BlockResult {
    this.#begin(block, firstLine);
    let at = firstOffset === 0 && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf ? 3 : 0;
    let index = 0;
    while (at < block.length) {
      const end =
        at + MAX_PIECE >= block.length ? block.length : block.lastIndexOf(NEWLINE, at + MAX_PIECE - 1) + 1;
      if (end > at) {
        index = this.#lines(at, end, index, firstOffset);
        at = end;
      } else {
        const next = this.#nextLine(at);
        this.#judge(this.#place(index++, at, next, firstOffset));
        at = next;
      }
    }
    return this.#finish(index);
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
    this.#begin(block, firstLine);
    const records = spans.length >> 1;
    for (let index = 0; index < records; index++) {
      const [start, end] = [spans[index * 2]!, spans[index * 2 + 1]!];
      const offset = typeof offsets === "number" ? offsets + start : offsets[index]!;
      this.#record({ index, start, end, offset });
    }
    return this.#finish(records);
  }

  /**
   * Takes back the buffer of a block's segments that nobody needs any more, for the segments of a later block. Optional.
   */
  recycle(buffer: ArrayBuffer): void {
    giveSegmentBuffer(buffer);
  }

  /** Gives the scanner's memory to the next scanner: nothing may be asked of this one any more. Optional. */
  close(): void {
    // Whatever went wrong in a block has left the memory in a state that nobody knows.
    if (!this.#isAtWork) ScanMemory.give(this.#memory);
    this.#isAtWork = true;
  }

  /**
   * Begins with another source, under the same options: what was counted is forgotten, what was learnt of keys, paths and event types is not. To learn
   * it takes longer than to scan a few kilobytes. False when there is too much of it, or when a block has failed: the scanner is to be closed then.
   */
  startOver(sourceId: string): boolean {
    const learnt = Math.max(this.#tree.count, this.#keys.count, this.#types.names.length);
    if (this.#isAtWork || learnt > MOST_LEARNT) return false;
    this.#shapes.startOver();
    this.#namesTold = 0;
    this.#memory.cells[ROWS_COUNTED] = 0;
    this.#builder.source(sourceId);
    return true;
  }

  /** The shapes of the rows since the last call, by event type: all of them in memory. */
  takeShapes(): Map<string, Shape> {
    this.#empty();
    return this.#shapes.take();
  }

  /** When there is nothing more to scan: the shapes of these event types since `takeShapes`, or of all that were not asked for yet, made one by one. */
  lastShapes(eventTypes?: readonly string[]): Generator<[string, Shape], void, undefined> {
    return this.#shapes.last(eventTypes);
  }

  /** The same as the JSON texts of `shapeToJson`. */
  lastShapeTexts(eventTypes: readonly string[]): Generator<[string, string], void, undefined> {
    return this.#shapes.lastTexts(eventTypes);
  }

  /**
   * The same as the elements of a receipt's `types`, JSON in UTF-8, for event types with so many lines each. They stand in the scanner's memory: good until
   * anything else is asked of it. Undefined when one has to be had by itself (`lastShapeTexts`): it has lines that went by the slow path, or is too long.
   */
  lastTypeTexts(eventTypes: readonly string[], lines: Uint32Array): Uint8Array | undefined {
    return this.#shapes.lastTypeTexts(eventTypes, lines);
  }

  #begin(block: Uint8Array, firstLine: number): void {
    if (this.#shapes.isEnding) throw new Error("nothing can be scanned once the last shapes are being taken");
    if (this.#isAtWork) throw new Error("the scanner is closed, or has failed");
    this.#isAtWork = true;
    this.#block = block;
    this.#pieceStart = this.#pieceEnd = 0;
    if (this.#types.many || this.#memory.cells[ROWS_COUNTED]! > MAX_ROWS_COUNTED) this.#forgetTypes();
    const { constantEventType } = this.#options;
    this.#memory.cells[CONSTANT_TYPE] =
      constantEventType === undefined ? -1 : this.#types.id(constantEventType);
    this.#builder.begin(firstLine);
  }

  /** Scans whole lines of the block; returns the index of the line after them. */
  #lines(start: number, end: number, firstIndex: number, firstOffset: number): number {
    const { cells, module } = this.#memory;
    this.#load(start, end);
    const shift = start - BLOCK;
    cells[AT] = BLOCK;
    cells[INDEX] = firstIndex;
    for (;;) {
      const answer = module.run(end - shift);
      if (answer === DONE) return cells[INDEX];
      if (answer === CUT) this.#makeRoom();
      else {
        const at = cells[AT] + shift;
        const next = this.#nextLine(at);
        this.#settle(answer, this.#place(cells[INDEX], at, next, firstOffset));
        cells[AT] = next - shift;
        cells[INDEX]++;
      }
    }
  }

  #record(place: Place): void {
    const { start, end, index } = place;
    if (end - start > MAX_PIECE) return this.#judge(place);
    if (start < this.#pieceStart || end > this.#pieceEnd) {
      this.#load(start, Math.min(start + MAX_PIECE, this.#block.length));
    }
    const shift = this.#pieceStart - BLOCK;
    let answer = CUT as number;
    while ((answer = this.#memory.module.runRecord(start - shift, end - shift, index)) === CUT)
      this.#makeRoom();
    if (answer !== DONE) this.#settle(answer, place);
  }

  /** Where the text line after the one at `at` begins. */
  #nextLine(at: number): number {
    const newline = this.#block.indexOf(NEWLINE, at);
    return newline < 0 ? this.#block.length : newline + 1;
  }

  /** The text line from `start` to `next`, without its line ending. */
  #place(index: number, start: number, next: number, firstOffset: number): Place {
    const block = this.#block;
    let end = next;
    if (block[end - 1] === NEWLINE) {
      end--;
      if (end > start && block[end - 1] === RETURN) end--;
    }
    return { index, start, end, offset: firstOffset + start };
  }

  /** Copies a stretch of the block to the scanner's memory, with a newline after it and what else must follow. */
  #load(start: number, end: number): void {
    // Rows say where in the stretch before their bodies are.
    this.#cut();
    const { bytes } = this.#memory;
    const stop = BLOCK + end - start;
    copyBytes(this.#block.subarray(start, end), bytes, BLOCK);
    bytes[stop] = NEWLINE;
    bytes.fill(0, stop + 1, stop + PADDING);
    this.#pieceStart = start;
    this.#pieceEnd = end;
  }

  /** Lays out what there is so far, and empties tables that are full. */
  #makeRoom(): void {
    this.#cut();
    if (this.#memory.cells[FULL] === 0) return;
    if (this.#types.full) this.#forgetTypes();
    else this.#empty();
  }

  /** Lays out the rows so far, copied out of the way of the next ones. */
  #cut(): void {
    if (!this.#builder.hasRows) return;
    const laidOut = this.#builder.layOut();
    this.#chunks.push({ ...laidOut, partLines: this.#memory.bytes.slice(OUT, OUT + laidOut.bytes) });
  }

  #finish(lines: number): BlockResult {
    const laidOut = this.#builder.layOut();
    const last = { ...laidOut, partLines: this.#memory.bytes.subarray(OUT, OUT + laidOut.bytes) };
    const segments = this.#joined([...this.#chunks, last]);
    const result = { segments, lines, ...this.#builder.totals() };
    this.#chunks = [];
    this.#isAtWork = false;
    return result;
  }

  #joined(chunks: readonly Chunk[]): Segments {
    const buffer = takeSegmentBuffer(chunks.reduce((sum, { bytes }) => sum + bytes, 0));
    let shift = 0;
    const spans = chunks.map((chunk) => {
      const first = shift;
      copyBytes(chunk.partLines, buffer, first);
      shift += chunk.bytes;
      return first === 0 ? chunk.spans : chunk.spans.map((at) => first + at);
    });
    const lines = chunks.map((chunk) => chunk.lines);
    return { ...this.#typesOf(chunks), lines: joinedInts(lines), spans: joinedInts(spans), bytes: buffer };
  }

  /** Numbers and names of the segments' event types. */
  #typesOf(chunks: readonly Chunk[]): Pick<Segments, "numbering" | "types" | "firstNew" | "newNames"> {
    const { names, numbering } = this.#types;
    if (chunks.some((chunk) => chunk.names)) {
      // Types were forgotten within the block: numbers of its own, one for each segment.
      const newNames = chunks.flatMap(
        (chunk) => chunk.names ?? Array.from(chunk.types, (type) => names[type]!),
      );
      return { numbering: newNumbering(), types: Uint32Array.from(newNames.keys()), firstNew: 0, newNames };
    }
    const [firstNew, newNames] = [this.#namesTold, names.slice(this.#namesTold)];
    this.#namesTold = names.length;
    return { numbering, types: joinedInts(chunks.map(({ types }) => types)), firstNew, newNames };
  }

  /** Decides what becomes of a record with which the module has not finished. */
  #settle(answer: number, place: Place): void {
    if (answer === ODD) return this.#judge(place);
    if (answer === TYPELESS) return this.#quarantine(place, "no_event_type", noEventType(this.#options));
    const { cells, bytes, module } = this.#memory;
    const body = withoutNewlines(bytes.slice(cells[BODY_START], cells[BODY_END]));
    const type = cells[TYPE]!;
    if (!this.#keeps(type, body, place)) return;
    if (module.settle() === 0) return this.#judge(place);
    this.#row(type, place.index, body);
    module.count();
  }

  /** The slow path. */
  #judge(place: Place): void {
    const verdict = judgeLine(this.#block.subarray(place.start, place.end), this.#options);
    if (verdict.kind === "blank") return this.#builder.blank();
    if (verdict.kind === "invalid") return this.#quarantine(place, verdict.reason, verdict.detail);
    const { eventType, body } = verdict;
    if (this.#types.full) this.#makeRoom();
    const type = this.#types.id(eventType);
    if (!this.#keeps(type, body, place)) return;
    this.#row(type, place.index, body);
    if (verdict.normalised) this.#builder.normalise();
    this.#shapes.add(eventType, verdict.shape());
  }

  /** True when a valid line is to become a row; otherwise what becomes of it has been noted. */
  #keeps(type: number, body: Uint8Array, place: Place): boolean {
    const fate = this.#types.fates[type]!;
    if (fate === "keep") {
      const bytes = this.#builder.tooLong(type, place.index, body, 0, body.length);
      if (bytes === 0) return true;
      this.#quarantine(place, "line_too_long", tooLong(bytes));
    } else if (fate === "drop") this.#builder.drop();
    else this.#quarantine(place, "by_rule", byRule(this.#types.names[type]!));
    return false;
  }

  #quarantine({ index, offset, start, end }: Place, reason: QuarantineReason, detail: string): void {
    this.#builder.quarantine(index, offset, start, end, reason, detail);
  }

  #row(type: number, index: number, body: Uint8Array): void {
    if (!this.#builder.hasRoomFor(body)) this.#cut();
    this.#builder.rowOf(type, index, body);
  }

  #forgetTypes(): void {
    const { names } = this.#types;
    for (const chunk of this.#chunks) chunk.names ??= Array.from(chunk.types, (type) => names[type]!);
    this.#empty();
    this.#types.clear();
    this.#namesTold = 0;
  }

  /** Turns what the trees have counted into shapes, and begins with empty trees. */
  #empty(): void {
    this.#shapes.addTrees();
    this.#tree.clear();
    this.#context.forgetTrees();
    this.#memory.cells[FULL] = this.#memory.cells[ROWS_COUNTED] = 0;
  }
}

/** One after the other; a single one as it is. */
function joinedInts(arrays: readonly Uint32Array[]): Uint32Array {
  return arrays.length === 1 ? arrays[0]! : Uint32Array.from(arrays.flatMap((array) => [...array]));
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
