// Large buffers of one size are used again: a megabyte that is allocated and collected for every megabyte read costs page faults, makes V8
// collect garbage every few blocks (measured: services/splitter/README.md), and lets memory grow between two collections.
import type { TakeBuffer } from "./framed.ts";

export class BufferPool {
  readonly #free: ArrayBuffer[] = [];
  readonly #bytes: number;
  readonly #keep: number;

  /** Keeps up to `keep` buffers of `bytes`; larger ones are made when asked for, and not kept. */
  constructor(bytes: number, keep: number) {
    this.#bytes = bytes;
    this.#keep = keep;
  }

  readonly take: TakeBuffer = (bytes) => {
    const free = bytes <= this.#bytes ? this.#free.pop() : undefined;
    return new Uint8Array(free ?? new ArrayBuffer(Math.max(bytes, this.#bytes)));
  };

  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.#bytes && this.#free.length < this.#keep) this.#free.push(buffer);
  }
}
