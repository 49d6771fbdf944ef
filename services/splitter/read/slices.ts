// How much compressed input is given to an engine at a time: so much that its output fills most of a buffer, since full buffers are not used again.

/** Output buffer of an engine. Node's default of 16 KB takes twice the time (measured: services/splitter/README.md). */
export const CHUNK_BYTES = 1280 * 1024;
/** As the last slice went. */
const AIM_BYTES = 0.8 * CHUNK_BYTES;
export const MIN_SLICE_BYTES = 1024;
const FIRST_SLICE_BYTES = 64 * 1024;

export class Slices {
  #bytes = FIRST_SLICE_BYTES;

  /** The first slice of `rest`. Slices of one length: a short one at the end of each piece would be a small block, and as much work as a large one. */
  next(rest: number): number {
    return Math.ceil(rest / Math.ceil(rest / this.#bytes));
  }

  learn(taken: number, output: number): void {
    const perByte = Math.max(1, output / Math.max(1, taken));
    this.#bytes = Math.max(MIN_SLICE_BYTES, Math.floor(AIM_BYTES / perByte));
  }
}
