// Decompression in the thread that asks for it, in turns with everything else that this thread does: with as many threads at work as there are cores,
// those of the pool would take turns with them, and Linux leaves a core idle while threads wait for another (services/splitter/README.md).
import type { Transform } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { writeNow } from "../../../shared/runtime/zlib-now.ts";
import type { ByteQueue } from "./byte-queue.ts";
import type { Engine } from "./engine.ts";
import type { OutputBuffers } from "./output-buffers.ts";
import { MIN_SLICE_BYTES, Slices } from "./slices.ts";

/** The stream's own words for "there is more" and "that was all". */
export interface Flush {
  readonly more: number;
  readonly end: number;
}

export class EngineHere implements Engine {
  readonly #stream: Transform;
  readonly #flush: Flush;
  readonly #out: ByteQueue;
  readonly #buffers: OutputBuffers;
  readonly #slices = new Slices();
  #isOver = false;

  constructor(stream: Transform, flush: Flush, out: ByteQueue, buffers: OutputBuffers) {
    this.#stream = stream;
    this.#flush = flush;
    this.#out = out;
    this.#buffers = buffers;
    // Thrown by the write that meets it.
    stream.once("error", () => undefined);
  }

  async write(piece: Uint8Array): Promise<number> {
    let taken = 0;
    while (taken < piece.length && !this.#isOver) {
      const slice = piece.subarray(taken, taken + this.#slices.next(piece.length - taken));
      await this.#othersTurn(slice.length);
      const used = await this.#writeSlice(this.#flush.more, slice);
      taken += used;
      if (used < slice.length) this.#isOver = true;
    }
    return taken;
  }

  /** What others have to say to this thread comes first. A few bytes are not worth the wait. */
  async #othersTurn(bytes: number): Promise<void> {
    if (bytes >= MIN_SLICE_BYTES) await setImmediate();
  }

  async #writeSlice(flush: number, slice: Uint8Array): Promise<number> {
    let taken = 0;
    let output = 0;
    for (let isFull = true; isFull;) {
      await this.#out.room();
      if (this.#stream.destroyed) break;
      const buffer = this.#buffers.next();
      const written = writeNow(this.#stream, flush, slice, taken, buffer);
      if (!written) throw new Error("this Node cannot decompress in the calling thread");
      const bytes = buffer.length - written.outputLeft;
      if (bytes > 0) this.#put(buffer, bytes);
      output += bytes;
      taken = slice.length - written.inputLeft;
      isFull = written.outputLeft === 0;
    }
    this.#buffers.landed();
    this.#slices.learn(taken, output);
    return taken;
  }

  #put(buffer: Buffer<ArrayBuffer>, bytes: number): void {
    // Not as a Buffer, whose `slice` would be no copy.
    const chunk = new Uint8Array(buffer.buffer, buffer.byteOffset, bytes);
    this.#buffers.hold(chunk);
    this.#out.put(chunk);
  }

  async end(): Promise<void> {
    await this.#writeSlice(this.#flush.end, new Uint8Array(0));
  }

  finished(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#stream.destroy();
  }
}
