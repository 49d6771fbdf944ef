// Large buffers of one size are used again: a megabyte that is allocated and collected for every megabyte read costs page faults, makes V8
// collect garbage every few blocks (measured: services/splitter/README.md), and lets memory grow between two collections.
import { sharedBuffer } from "../threads/shared-buffer.ts";
import type { TakeBuffer } from "./framed.ts";

export class BufferPool {
  readonly #free: ArrayBuffer[] = [];
  readonly #bytes: number;
  readonly #keep: number;
  readonly #isShared: boolean;

  /**
   * Keeps up to `keep` buffers of `bytes`; larger ones are made when asked for, and not kept. With `isShared`, those of the pool's size are
   * memory that threads share (larger ones never are: V8 does not count shared memory, so that garbage of that kind would pile up).
   */
  constructor(bytes: number, keep: number, isShared = false) {
    this.#bytes = bytes;
    this.#keep = keep;
    this.#isShared = isShared;
  }

  readonly take: TakeBuffer = (bytes) => {
    if (bytes > this.#bytes) return new Uint8Array(bytes);
    return new Uint8Array(this.#free.pop() ?? this.#newBuffer());
  };

  #newBuffer(): ArrayBuffer {
    return this.#isShared ? sharedBuffer(this.#bytes) : new ArrayBuffer(this.#bytes);
  }

  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.#bytes && this.#free.length < this.#keep) this.#free.push(buffer);
  }
}
