// The lines of one event type, or of several that are small, or the quarantine's records, in the order in which they are appended: a raw frame in
// pages, then compressed frames, then parts.
import { asBuffer } from "../frame/copy-bytes.ts";
import type { TakeBuffer } from "../frame/framed.ts";
import { RawFrame } from "./raw-frame.ts";
import type { PageHolder, PagePool } from "./page-pool.ts";
import type { Extent } from "./extents.ts";

/** Less than this is copied twice rather than held in a buffer of its own: thousands of event types would have many such. */
const WORTH_A_BUFFER_BYTES = 256 * 1024;

/** What is counted of a stretch of lines. */
export interface Tally {
  readonly lines: number;
  readonly rawBytes: number;
  /** Lines by name, in the order of the names' first lines: event types where several share a stream, the quarantine's reasons. */
  readonly marks: ReadonlyMap<string, number> | undefined;
}

/** A frame on its way through compression. */
export interface CompressedFrame extends Tally {
  /** False when the frame ends inside a record: a part never ends there. */
  readonly isWhole: boolean;
  /** Set when the frame has been compressed: on scratch disk, or, when that is not worth it or not possible, in memory. */
  stored: Extent | Uint8Array | undefined;
}

/** The frames of one part, in order. */
export interface PartFrames extends Tally {
  /** Compressed size. */
  readonly bytes: number;
  /** A frame on scratch disk is two numbers, offset and length (there may be hundreds of thousands); one in memory is its bytes. */
  readonly pieces: readonly (number | Uint8Array)[];
}

/** Takes frames that are full: compresses them, and keeps them or queues them (`queue`), to set `stored` later. Never throws. */
export type FrameSink = (stream: PartStream, frame: CompressedFrame, raw: Uint8Array<ArrayBuffer>) => void;

/** What a stream becomes: parts, or quarantine objects. */
export type StreamKind = "part" | "quarantine";

export class PartStream implements PageHolder {
  readonly kind: StreamKind;
  /** The event type of all its lines; undefined where each line is appended with its mark. */
  readonly eventType: string | undefined;
  readonly #pool: PagePool;
  readonly #frameBytes: number;
  readonly #sink: FrameSink;
  readonly #takeBuffer: TakeBuffer;
  readonly #raw: RawFrame;
  /** The last frame was full, or much is expected: the next one will be large. */
  #fillsFrames = false;
  #hasFrames = false;
  /** Of the raw frame. */
  #tally = newTally();
  #isWhole = true;
  /** The part that is open: what could be closed now. */
  #part = newPart();
  /** Frames that cannot be closed yet: not stored, after one that is not, or ending inside a record. In order. */
  #pending: CompressedFrame[] = [];

  constructor(
    kind: StreamKind,
    eventType: string | undefined,
    pool: PagePool,
    takeBuffer: TakeBuffer,
    frameBytes: number,
    sink: FrameSink,
  ) {
    this.#takeBuffer = takeBuffer;
    this.kind = kind;
    this.eventType = eventType;
    this.#pool = pool;
    this.#frameBytes = frameBytes;
    this.#sink = sink;
    this.#raw = new RawFrame(pool);
  }

  get bytes(): number {
    return this.#raw.bytes;
  }

  /** True once a frame has been taken out, to be compressed. */
  get hasFrames(): boolean {
    return this.#hasFrames;
  }

  /**
   * Appends whole lines, the bytes of `source` between `from` and `to`, or with `isWhole` false a piece of a record that goes on with the next
   * call. With thousands of event types, a view of each stretch would cost as much as copying it.
   */
  append(source: Buffer, lines: number, mark?: string, isWhole = true, from = 0, to = source.length): void {
    const bytes = to - from;
    if (this.#raw.bytes + bytes >= this.#frameBytes) {
      this.#count(bytes, lines, mark, isWhole);
      this.#spill(source.subarray(from, to));
      this.#fillsFrames = true;
      return;
    }
    if (this.#raw.bytes === 0) this.#openWhole();
    this.#pool.ensure(this.#raw.pagesFor(bytes));
    // Making room may have emptied this very frame: then it needs a page more, which is free now.
    this.#pool.ensure(this.#raw.pagesFor(bytes));
    if (this.#raw.bytes === 0) this.#pool.join(this);
    this.#raw.append(source, from, to);
    this.#count(bytes, lines, mark, isWhole);
  }

  giveBack(): void {
    this.#fillsFrames = false;
    this.#spill(new Uint8Array(0));
  }

  /** A frame belongs to the part that is open; in the order in which they were taken out. */
  queue(frame: CompressedFrame): void {
    this.#pending.push(frame);
  }

  /** True when no frame has been queued that has not been taken with a part. */
  get isClear(): boolean {
    return this.#pending.length === 0 && this.#part.lines === 0;
  }

  /** True when there is nothing to close. */
  get isEmpty(): boolean {
    return this.isClear && this.#tally.rawBytes === 0;
  }

  /** Takes the last frame out without the sink's help, if there is one. */
  takeLast(): { readonly frame: CompressedFrame; readonly raw: Uint8Array<ArrayBuffer> } | undefined {
    if (this.#tally.rawBytes === 0) return undefined;
    return this.#frame(new Uint8Array(0));
  }

  /** To be called when a frame's `stored` was set. */
  frameStored(): void {
    let end = 0;
    for (let i = 0; i < this.#pending.length && this.#pending[i]!.stored; i++) {
      if (this.#pending[i]!.isWhole) end = i + 1;
    }
    for (const frame of this.#pending.splice(0, end)) addFrame(this.#part, frame);
  }

  /** Bytes that a part closed now would have. */
  get closableBytes(): number {
    return this.#part.bytes;
  }

  /** Takes out what can be closed: all frames that are stored, up to the first that is not, ending with a whole record. */
  takePart(): PartFrames {
    const part = this.#part;
    this.#part = newPart();
    return part;
  }

  /** True when nothing more can be closed because a record goes on. */
  get isInsideRecord(): boolean {
    return this.#pending.length > 0 && this.#pending.every((frame) => frame.stored && !frame.isWhole);
  }

  #count(bytes: number, lines: number, mark: string | undefined, isWhole: boolean): void {
    this.#tally.lines += lines;
    this.#tally.rawBytes += bytes;
    if (mark !== undefined) addMark((this.#tally.marks ??= new Map()), mark, lines);
    this.#isWhole = isWhole;
  }

  #spill(more: Uint8Array): void {
    const { frame, raw } = this.#frame(more);
    this.#sink(this, frame, raw);
  }

  /** Before the first lines: so many bytes are going to come. Where it is much, and there is memory for it, they grow in the buffer that is compressed. */
  expect(bytes: number): void {
    this.#fillsFrames = bytes >= WORTH_A_BUFFER_BYTES;
  }

  /** Appends all lines to another stream, as lines of this one's event type, and forgets them. Only while there are no frames. `give` takes back a buffer. */
  moveTo(to: PartStream, give: (buffer: ArrayBuffer) => void): void {
    const { lines } = this.#tally;
    if (lines > 0 && !to.#takeOver(this.#raw, lines, this.eventType)) {
      const raw = this.#raw.takeWith(new Uint8Array(0), this.#takeBuffer);
      // Before pages are wanted again.
      this.#pool.leave(this);
      to.append(asBuffer(raw), lines, this.eventType);
      give(raw.buffer);
    }
    this.discard();
    this.#tally = newTally();
  }

  #takeOver(from: RawFrame, lines: number, mark: string | undefined): boolean {
    const { bytes } = from;
    const isFirst = this.#raw.bytes === 0;
    if (this.#raw.bytes + bytes >= this.#frameBytes) return false;
    if (isFirst) this.#openWhole();
    if (!this.#raw.appendFrame(from)) return false;
    if (isFirst) this.#pool.join(this);
    this.#count(bytes, lines, mark, true);
    return true;
  }

  #openWhole(): void {
    if (this.#fillsFrames) this.#raw.openWhole(this.#frameBytes, this.#takeBuffer);
  }

  #frame(more: Uint8Array): { frame: CompressedFrame; raw: Uint8Array<ArrayBuffer> } {
    const raw = this.#raw.takeWith(more, this.#takeBuffer);
    this.#pool.leave(this);
    const frame: CompressedFrame = { ...this.#tally, isWhole: this.#isWhole, stored: undefined };
    this.#tally = newTally();
    this.#hasFrames = true;
    return { frame, raw };
  }

  /** Gives the pages back; what they hold is lost. */
  discard(): void {
    this.#raw.clear();
    this.#pool.leave(this);
  }
}

/** Counts as they grow. Marks only where there are some: a map for every frame of thousands of event types would be most of their memory. */
interface OpenTally {
  lines: number;
  rawBytes: number;
  marks: Map<string, number> | undefined;
}

function newTally(): OpenTally {
  return { lines: 0, rawBytes: 0, marks: undefined };
}

interface OpenPart extends OpenTally {
  bytes: number;
  readonly pieces: (number | Uint8Array)[];
}

function newPart(): OpenPart {
  return { ...newTally(), bytes: 0, pieces: [] };
}

function addFrame(part: OpenPart, frame: CompressedFrame): void {
  const stored = frame.stored!;
  part.bytes += stored.length;
  if (stored instanceof Uint8Array) part.pieces.push(stored);
  else part.pieces.push(stored.offset, stored.length);
  part.lines += frame.lines;
  part.rawBytes += frame.rawBytes;
  if (!frame.marks) return;
  part.marks ??= new Map();
  for (const [mark, count] of frame.marks) addMark(part.marks, mark, count);
}

/** Adds lines to those of a name. */
export function addMark(marks: Map<string, number>, mark: string, count: number): void {
  marks.set(mark, (marks.get(mark) ?? 0) + count);
}

/** The places of a part's frames on scratch disk. */
export function extentsOf(pieces: PartFrames["pieces"]): Extent[] {
  return placesOf(pieces).filter((place): place is Extent => !(place instanceof Uint8Array));
}

/** The frames of a part: in memory, or where they are on scratch disk. */
export function placesOf(pieces: PartFrames["pieces"]): (Extent | Uint8Array)[] {
  const places: (Extent | Uint8Array)[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i]!;
    places.push(typeof piece === "number" ? { offset: piece, length: Number(pieces[++i]) } : piece);
  }
  return places;
}
