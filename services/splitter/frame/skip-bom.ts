// A byte order mark at the start of a source is not part of its first line (RFC 8259 section 8.1 lets readers ignore one).

const BOM = [0xef, 0xbb, 0xbf];

/** Takes the mark off the start of a stream that arrives in chunks of any size. */
export class BomSkipper {
  #held: Uint8Array | undefined = new Uint8Array(0);
  /** Bytes taken off: 0 or 3, known once `isDecided`. */
  skipped = 0;

  get isDecided(): boolean {
    return this.#held === undefined;
  }

  /** Returns what is to be read; undefined while the first bytes may still become a mark. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    if (!this.#held) return chunk;
    const start = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (start.length < BOM.length && BOM.every((byte, i) => i >= start.length || start[i] === byte)) {
      // A chunk is its owner's again after this call.
      this.#held = new Uint8Array(start);
      return undefined;
    }
    this.#held = undefined;
    if (!BOM.every((byte, i) => start[i] === byte)) return start;
    this.skipped = BOM.length;
    return start.subarray(BOM.length);
  }

  /** The stream has ended: bytes that did not become a mark. */
  end(): Uint8Array | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held?.length ? held : undefined;
  }
}
