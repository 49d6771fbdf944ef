// The bytes of a source on their way into blocks, for formats whose records are not lines: what has been framed, what is held because a
// record is not finished, and where in the source both stand. Positions are within the buffer and move when a block is cut off.
import { BLOCK_BYTES, STEP_BYTES, type BadPiece, type BlockMemory, type Framed } from "./framed.ts";
import type { QuarantineReason } from "../../../shared/contracts/words.ts";

export class SpanBuffer {
  readonly #memory: BlockMemory;
  readonly #blockBytes: number;
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  /** Records so far, framed and bad ones. */
  lines = 0;
  #offset: number;
  #spans: number[] = [];
  #badOffset: number | undefined;

  constructor(startOffset: number, memory: BlockMemory, blockBytes = BLOCK_BYTES) {
    this.#offset = startOffset;
    this.#memory = memory;
    this.#blockBytes = blockBytes;
    this.bytes = memory.take(blockBytes + STEP_BYTES);
  }

  append(step: Uint8Array): void {
    if (this.length + step.length > this.bytes.length) {
      const grown = this.#memory.take(Math.max(this.bytes.length * 2, this.length + step.length));
      grown.set(this.bytes.subarray(0, this.length));
      this.close();
      this.bytes = grown;
    }
    this.bytes.set(step, this.length);
    this.length += step.length;
  }

  get isBlockFull(): boolean {
    return this.length >= this.#blockBytes;
  }

  addRecord(start: number, end: number): void {
    this.#spans.push(start, end);
    this.lines++;
  }

  /** Emits what has been framed and forgets everything before `keepFrom`. Returns by how much positions have moved. */
  cut(keepFrom: number, framed: Framed[]): number {
    if (keepFrom === 0) return 0;
    const count = this.#spans.length / 2;
    const rest = this.bytes.subarray(keepFrom, this.length);
    if (count > 0) {
      framed.push({
        kind: "block",
        bytes: this.bytes.subarray(0, keepFrom),
        spans: new Uint32Array(this.#spans),
        firstLine: this.lines - count + 1,
        lines: count,
        offset: this.#offset,
      });
      this.#spans = [];
      this.bytes = this.#memory.take(Math.max(this.#blockBytes + STEP_BYTES, rest.length));
      this.bytes.set(rest);
    } else {
      this.bytes.copyWithin(0, keepFrom, this.length);
    }
    this.length = rest.length;
    this.#offset += keepFrom;
    return keepFrom;
  }

  /** Takes the bytes up to `end` out as a piece of a bad record, which is the next line. Everything before `start` must have been cut. */
  bad(end: number, isLast: boolean, reason: QuarantineReason, detail: string, framed: Framed[]): void {
    this.#badOffset ??= this.#offset;
    const piece: BadPiece = {
      kind: "bad",
      line: this.lines + 1,
      offset: this.#badOffset,
      reason,
      detail,
      bytes: this.bytes.slice(0, end),
      isLast,
    };
    if (end > 0 || isLast) framed.push(piece);
    this.cut(end, framed);
    if (!isLast) return;
    this.#badOffset = undefined;
    this.lines++;
  }

  /** A bad record whose bytes are not the next ones (or not all of them). */
  badCopy(
    bytes: Uint8Array,
    offset: number,
    reason: QuarantineReason,
    detail: string,
    framed: Framed[],
  ): void {
    this.lines++;
    framed.push({ kind: "bad", line: this.lines, offset, reason, detail, bytes, isLast: true });
  }

  /** Gives back the memory that is in no block: once. */
  close(): void {
    this.#memory.give(this.bytes.buffer);
  }

  /** Uncompressed bytes of the source before a position. */
  offsetOf(position: number): number {
    return this.#offset + position;
  }
}
