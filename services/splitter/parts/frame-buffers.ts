// Buffers for raw frames on their way through compression, used again: full frames in buffers of one size, the many small ones of thousands of
// event types in powers of two. As garbage they would pile up: V8 collects old buffers only after tens of megabytes of them.
import { BufferPool } from "../frame/buffer-pool.ts";
import type { TakeBuffer } from "../frame/framed.ts";

const SMALLEST_LOG2 = 12;
const SMALL_LOG2 = 17;
const SMALL_BYTES = 2 ** SMALL_LOG2;
/** Small buffers kept, of all sizes together: as much as may be in compression at a time. */
const KEPT_BYTES = 4 * 1024 * 1024;

export class FrameBuffers {
  readonly #large: BufferPool;
  readonly #small: ArrayBuffer[][] = Array.from({ length: SMALL_LOG2 + 1 }, () => []);
  #keptBytes = 0;

  /** Keeps up to `keep` buffers for full frames, which are of `bytes`; with `isShared`, in memory that threads share. */
  constructor(bytes: number, keep: number, isShared = false) {
    this.#large = new BufferPool(bytes, keep, isShared);
  }

  readonly take: TakeBuffer = (bytes) => {
    if (bytes > SMALL_BYTES) return this.#large.take(bytes);
    const log2 = Math.max(SMALLEST_LOG2, 32 - Math.clz32(bytes - 1));
    const known = this.#small[log2]!.pop();
    if (known) this.#keptBytes -= known.byteLength;
    return new Uint8Array(known ?? new ArrayBuffer(2 ** log2));
  };

  give(buffer: ArrayBuffer): void {
    const { byteLength } = buffer;
    if (byteLength > SMALL_BYTES) return this.#large.give(buffer);
    if (this.#keptBytes + byteLength > KEPT_BYTES) return;
    this.#small[31 - Math.clz32(byteLength)]!.push(buffer);
    this.#keptBytes += byteLength;
  }
}
