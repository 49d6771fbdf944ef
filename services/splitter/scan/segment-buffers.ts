// Buffers for the segments of a block, used again once they have been written: fresh memory costs more time than writing to it.

/** Buffers kept for the next blocks. */
const MAX_SPARE = 4;

export class SegmentBuffers {
  readonly #spare: ArrayBuffer[] = [];
  #recycles = false;

  /** A buffer of at least so many bytes; what is in it is anything. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const fits = this.#spare.findIndex(({ byteLength }) => byteLength >= bytes && byteLength < bytes * 4);
    if (fits >= 0) return new Uint8Array(this.#spare.splice(fits, 1)[0]!);
    this.#spare.length = 0;
    // Somewhat larger when it may come back, so that it fits the next blocks too. Not cleared: every byte gets written.
    const fresh = Buffer.allocUnsafeSlow(this.#recycles ? bytes + (bytes >> 3) : bytes);
    return new Uint8Array(fresh.buffer);
  }

  /** Takes a buffer back. */
  give(buffer: ArrayBuffer): void {
    this.#recycles = true;
    if (this.#spare.length < MAX_SPARE && buffer.byteLength > 0) this.#spare.push(buffer);
  }
}
