// One event type's lines (or the quarantine's records) in the order of the source: a raw frame in pages, then compressed frames, then parts.
import type { TakeBuffer } from "../frame/framed.ts";
import { RawFrame } from "./raw-frame.ts";
import type { PageHolder, PagePool } from "./page-pool.ts";
import type { Extent } from "./extents.ts";

/** What is counted of a stretch of lines. `marks` counts lines by name (the quarantine's reasons). */
export interface Tally {
  lines: number;
  rawBytes: number;
  marks: Map<string, number>;
}

export interface CompressedFrame {
  readonly tally: Tally;
  /** False when the frame ends inside a record: a part never ends there. */
  readonly isWhole: boolean;
  /** Set when the frame has been compressed: on scratch disk, or, when that is not worth it or not possible, in memory. */
  stored: { readonly bytes: number; readonly at: Extent | Uint8Array } | undefined;
}

/** Takes frames that are full: compresses and keeps them, then sets `stored`. Never throws. */
export type FrameSink = (stream: PartStream, frame: CompressedFrame, raw: Uint8Array<ArrayBuffer>) => void;

export class PartStream implements PageHolder {
  /** Event type, or undefined for the quarantine. */
  readonly eventType: string | undefined;
  readonly #pool: PagePool;
  readonly #frameBytes: number;
  readonly #sink: FrameSink;
  readonly #takeBuffer: TakeBuffer;
  readonly #raw: RawFrame;
  #tally: Tally = newTally();
  #isWhole = true;
  /** Frames of the part that is open, in order. */
  #frames: CompressedFrame[] = [];

  constructor(
    eventType: string | undefined,
    pool: PagePool,
    takeBuffer: TakeBuffer,
    frameBytes: number,
    sink: FrameSink,
  ) {
    this.#takeBuffer = takeBuffer;
    this.eventType = eventType;
    this.#pool = pool;
    this.#frameBytes = frameBytes;
    this.#sink = sink;
    this.#raw = new RawFrame(pool);
  }

  get pageCount(): number {
    return this.#raw.pageCount;
  }

  /** Appends whole lines, or with `isWhole` false a piece of a record that goes on with the next call. */
  append(bytes: Uint8Array, lines: number, mark?: string, isWhole = true): void {
    if (this.#raw.bytes + bytes.length >= this.#frameBytes) {
      this.#count(bytes, lines, mark, isWhole);
      this.#spill(bytes);
      return;
    }
    this.#pool.ensure(this.#raw.pagesFor(bytes.length));
    // Making room may have emptied this very frame: then it needs a page more, which is free now.
    this.#pool.ensure(this.#raw.pagesFor(bytes.length));
    if (this.#raw.bytes === 0) this.#pool.join(this);
    this.#raw.append(bytes);
    this.#count(bytes, lines, mark, isWhole);
  }

  giveBack(): void {
    this.#spill(new Uint8Array(0));
  }

  /** Takes the last frame out without the sink's help, if there is one. */
  takeLast(): { readonly frame: CompressedFrame; readonly raw: Uint8Array<ArrayBuffer> } | undefined {
    if (this.#tally.rawBytes === 0) return undefined;
    return this.#frame(new Uint8Array(0));
  }

  /** Bytes that a part closed now would have. */
  get closableBytes(): number {
    return this.#closable().reduce((sum, frame) => sum + frame.stored!.bytes, 0);
  }

  /** Takes the frames of the next part out: all that are stored, up to the first that is not, ending with a whole record. */
  takePart(): CompressedFrame[] {
    const part = this.#closable();
    this.#frames = this.#frames.slice(part.length);
    return part;
  }

  /** True when nothing can be closed because a record goes on. */
  get isInsideRecord(): boolean {
    return this.#frames.length > 0 && this.#frames.every((frame) => frame.stored && !frame.isWhole);
  }

  #closable(): CompressedFrame[] {
    let end = this.#frames.findIndex((frame) => !frame.stored);
    if (end === -1) end = this.#frames.length;
    while (end > 0 && !this.#frames[end - 1]!.isWhole) end--;
    return this.#frames.slice(0, end);
  }

  #count(bytes: Uint8Array, lines: number, mark: string | undefined, isWhole: boolean): void {
    this.#tally.lines += lines;
    this.#tally.rawBytes += bytes.length;
    if (mark !== undefined) this.#tally.marks.set(mark, (this.#tally.marks.get(mark) ?? 0) + lines);
    this.#isWhole = isWhole;
  }

  #spill(more: Uint8Array): void {
    const { frame, raw } = this.#frame(more);
    this.#sink(this, frame, raw);
  }

  #frame(more: Uint8Array): { frame: CompressedFrame; raw: Uint8Array<ArrayBuffer> } {
    const raw = this.#raw.takeWith(more, this.#takeBuffer);
    this.#pool.leave(this);
    const frame: CompressedFrame = { tally: this.#tally, isWhole: this.#isWhole, stored: undefined };
    this.#tally = newTally();
    this.#frames.push(frame);
    return { frame, raw };
  }

  /** Gives the pages back; what they hold is lost. */
  discard(): void {
    this.#raw.clear();
    this.#pool.leave(this);
  }
}

function newTally(): Tally {
  return { lines: 0, rawBytes: 0, marks: new Map() };
}

/** What the frames of a part amount to. */
export function sumTallies(frames: readonly CompressedFrame[]): Tally {
  const sum = newTally();
  for (const { tally } of frames) {
    sum.lines += tally.lines;
    sum.rawBytes += tally.rawBytes;
    for (const [mark, count] of tally.marks) sum.marks.set(mark, (sum.marks.get(mark) ?? 0) + count);
  }
  return sum;
}
