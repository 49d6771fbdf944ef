// Shared memory for the part lines that scanner threads write: a few buffers, handed out and given back. Their size follows what blocks need.
import { BLOCK_BYTES } from "../frame/framed.ts";
import { isShared, sharedBuffer } from "./shared-buffer.ts";

const FIRST_BYTES = 2 * BLOCK_BYTES;
/** Larger results are rare (a record of megabytes): threads allocate for them, and what they allocated is not kept. */
const MAX_BYTES = 4 * BLOCK_BYTES;

export class PartLineBuffers {
  readonly #free: ArrayBuffer[] = [];
  readonly #keep: number;
  #bytes = FIRST_BYTES;

  /** Keeps up to `keep` buffers that nobody uses. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  take(): ArrayBuffer {
    return this.#free.pop() ?? sharedBuffer(this.#bytes);
  }

  /** Takes back any buffer that held part lines; one that a thread had to allocate tells how large they should be. */
  give(buffer: ArrayBuffer): void {
    if (isShared(buffer)) {
      if (buffer.byteLength === this.#bytes && this.#free.length < this.#keep) this.#free.push(buffer);
    } else if (buffer.byteLength > this.#bytes && buffer.byteLength <= MAX_BYTES) {
      this.#bytes = buffer.byteLength;
      this.#free.length = 0;
    }
  }
}
