// Formats ndjson and text: a record ends at a line feed, or at the end of the source. Bytes are never decoded here.
import { copyBytes } from "./copy-bytes.ts";
import { countNewlines } from "./count-newlines.ts";
import {
  BLOCK_BYTES,
  MAX_RECORD_BYTES,
  garbage,
  STEP_BYTES,
  UNCOUNTED,
  type BadPiece,
  type Block,
  type BlockMemory,
  type Framed,
  type Framer,
} from "./framed.ts";

const LF = 0x0a;
const NO_BUFFER = new Uint8Array(0);

export interface LineFramerOptions {
  /** Default: what is not used any more is garbage. */
  readonly memory?: BlockMemory;
  /** Default BLOCK_BYTES. */
  readonly blockBytes?: number;
  /** Default MAX_RECORD_BYTES; line feed not counted. */
  readonly maxRecordBytes?: number;
  /** False: blocks and bad records are UNCOUNTED. Default true. */
  readonly countsLines?: boolean;
}

export class LineFramer implements Framer {
  readonly #memory: BlockMemory;
  readonly #blockBytes: number;
  readonly #maxRecordBytes: number;
  /** No line inside a step, from line feed to line feed, can be too long. */
  readonly #stepBytes: number;
  /** Taken when there is something to put in: small sources, and whole ones, never leave one behind. */
  #buffer: Uint8Array<ArrayBuffer> = NO_BUFFER;
  #length = 0;
  /** Where the unfinished line begins in the buffer. */
  #lineStart = 0;
  /** Uncompressed bytes of the source before the buffer. */
  #offset = 0;
  #lines = 0;
  readonly #countsLines: boolean;
  /** Bad records since the last block. */
  #passed = 0;
  /** Set while a line that is too long passes by. */
  #long: { readonly line: number; readonly offset: number } | undefined;

  constructor(startOffset = 0, options: LineFramerOptions = {}) {
    this.#memory = options.memory ?? garbage;
    this.#blockBytes = options.blockBytes ?? BLOCK_BYTES;
    this.#maxRecordBytes = options.maxRecordBytes ?? MAX_RECORD_BYTES;
    this.#countsLines = options.countsLines ?? true;
    this.#stepBytes = Math.min(STEP_BYTES, this.#maxRecordBytes);
    this.#offset = startOffset;
  }

  get lines(): number {
    return this.#lines;
  }

  push(chunk: Uint8Array): Framed[] {
    const framed: Framed[] = [];
    for (let at = 0; at < chunk.length;) {
      const step = chunk.subarray(at, at + this.#stepBytes);
      at += this.#long ? this.#passLong(step, framed) : this.#take(step, framed);
    }
    return framed;
  }

  adopt(chunk: Uint8Array<ArrayBuffer>, headroom: number): Framed[] | undefined {
    const unfinished = this.#length - this.#lineStart;
    const isSafe = unfinished + chunk.length <= this.#maxRecordBytes && unfinished <= headroom;
    const end = isSafe && !this.#long ? chunk.lastIndexOf(LF) + 1 : 0;
    if (end === 0) return undefined;
    const framed: Framed[] = [];
    this.#emit(this.#lineStart, framed);
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset - unfinished, unfinished + end);
    copyBytes(this.#buffer.subarray(0, unfinished), bytes, 0);
    framed.push(this.#block(bytes));
    const rest = chunk.subarray(end);
    this.#length = this.#lineStart = 0;
    this.#reserve(rest.length);
    copyBytes(rest, this.#buffer, 0);
    this.#length = rest.length;
    return framed;
  }

  end(): Framed[] {
    const framed: Framed[] = [];
    if (this.#long) framed.push(this.#longPiece(new Uint8Array(0), true));
    else this.#emit(this.#length, framed);
    return framed;
  }

  endTorn(): Framed[] {
    const framed: Framed[] = [];
    if (this.#long) framed.push(this.#longPiece(new Uint8Array(0), true));
    else this.#emit(this.#lineStart, framed);
    return framed;
  }

  /** Appends a step; a line that grows too long is taken out before it is held. Returns how many bytes were used. */
  #take(step: Uint8Array, framed: Framed[]): number {
    const firstFeed = step.indexOf(LF);
    const unfinished = this.#length - this.#lineStart;
    if (unfinished + (firstFeed === -1 ? step.length : firstFeed) > this.#maxRecordBytes) {
      this.#beginLong(framed);
      return 0;
    }
    const lastFeed = firstFeed === -1 ? -1 : step.lastIndexOf(LF);
    this.#reserve(step.length);
    this.#buffer.set(step, this.#length);
    if (lastFeed !== -1) this.#lineStart = this.#length + lastFeed + 1;
    this.#length += step.length;
    if (this.#length >= this.#blockBytes && this.#lineStart > 0) this.#emit(this.#lineStart, framed);
    return step.length;
  }

  #beginLong(framed: Framed[]): void {
    const tail = this.#buffer.slice(this.#lineStart, this.#length);
    if (this.#lineStart > 0) this.#emit(this.#lineStart, framed);
    this.#long = { line: this.#countsLines ? this.#lines + 1 : UNCOUNTED, offset: this.#offset };
    this.#offset += tail.length;
    this.#length = 0;
    this.#lineStart = 0;
    if (tail.length > 0) framed.push(this.#longPiece(tail, false));
  }

  #passLong(step: Uint8Array, framed: Framed[]): number {
    const feed = step.indexOf(LF);
    const piece = step.slice(0, feed === -1 ? step.length : feed);
    framed.push(this.#longPiece(piece, feed !== -1));
    const used = feed === -1 ? step.length : feed + 1;
    this.#offset += used;
    return used;
  }

  #longPiece(bytes: Uint8Array, isLast: boolean): BadPiece {
    const { line, offset } = this.#long!;
    if (isLast) {
      this.#long = undefined;
      if (this.#countsLines) this.#lines++;
      else this.#passed++;
    }
    const detail = `over ${this.#maxRecordBytes} bytes without a line feed`;
    return { kind: "bad", line, offset, reason: "line_too_long", detail, bytes, isLast };
  }

  /** Makes a block of the first `end` bytes; the rest begins the next buffer. */
  #emit(end: number, framed: Framed[]): void {
    if (end === 0) return;
    framed.push(this.#block(this.#buffer.subarray(0, end)));
    const rest = this.#buffer.subarray(end, this.#length);
    this.#buffer = NO_BUFFER;
    this.#length = 0;
    if (rest.length > 0) {
      this.#reserve(rest.length);
      this.#buffer.set(rest);
      this.#length = rest.length;
    }
    this.#lineStart = Math.max(0, this.#lineStart - end);
  }

  #block(bytes: Uint8Array<ArrayBuffer>): Block {
    const place = { kind: "block", bytes, spans: undefined, offset: this.#offset } as const;
    this.#offset += bytes.length;
    if (!this.#countsLines) {
      const passed = this.#passed;
      this.#passed = 0;
      return { ...place, firstLine: UNCOUNTED, lines: 0, passed };
    }
    const lines = countNewlines(bytes) + (bytes.at(-1) === LF ? 0 : 1);
    const firstLine = this.#lines + 1;
    this.#lines += lines;
    return { ...place, firstLine, lines };
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const least = this.#buffer.length === 0 ? this.#blockBytes + STEP_BYTES : this.#buffer.length * 2;
    const grown = this.#memory.take(Math.max(least, this.#length + more));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.close();
    this.#buffer = grown;
  }

  close(): void {
    if (this.#buffer.length > 0) this.#memory.give(this.#buffer.buffer);
    this.#buffer = NO_BUFFER;
  }
}
