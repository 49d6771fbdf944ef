// Block buffers that have been scanned are used again: a megabyte that is allocated and collected for every megabyte read costs page
// faults, and lets memory grow between two collections.
import { BLOCK_BYTES, STEP_BYTES, type TakeBuffer } from "./framed.ts";

const USUAL_BYTES = BLOCK_BYTES + STEP_BYTES;

export class BufferPool {
  readonly #free: ArrayBuffer[] = [];
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
  }

  readonly take: TakeBuffer = (bytes) => {
    const free = bytes <= USUAL_BYTES ? this.#free.pop() : undefined;
    return new Uint8Array(free ?? new ArrayBuffer(Math.max(bytes, USUAL_BYTES)));
  };

  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === USUAL_BYTES && this.#free.length < this.#keep) this.#free.push(buffer);
  }
}
