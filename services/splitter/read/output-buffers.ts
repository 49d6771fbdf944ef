// Output buffers of zlib streams, used again. Node allocates one whenever the last is full: a megabyte outside of V8's heap for every megabyte
// decompressed, and V8, which counts those, then collects all garbage every few megabytes (measured: services/splitter/README.md).
import type { Transform } from "node:stream";

/**
 * The two fields of Node's zlib streams that say where the next output goes (lib/zlib.js, processChunk and processCallback). They are not
 * documented: were they gone, setting them would do nothing, Node would allocate as it does by itself, and chunks would still be right;
 * a test tells (test/unit/splitter/read/output-buffers.test.ts).
 */
interface OutputPlace {
  _outBuffer: Buffer;
  _outOffset: number;
}

interface Slot {
  readonly buffer: Buffer<ArrayBuffer>;
  /** Chunks in it that somebody still reads. */
  uses: number;
}

export class OutputBuffers {
  readonly #bytes: number;
  readonly #limit: number;
  readonly #slots: Slot[] = [];

  /** Up to `limit` buffers of `bytes`, which must be the stream's `chunkSize`. */
  constructor(bytes: number, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
  }

  /** Lets a stream that is not at work write to a buffer that nobody reads. When there is none, Node goes on by itself. */
  aim(stream: Transform): void {
    const slot = this.#slots.find(({ uses }) => uses === 0) ?? this.#newSlot();
    if (!slot) return;
    Object.assign(stream, { _outBuffer: slot.buffer, _outOffset: 0 } satisfies OutputPlace);
  }

  /** A chunk that a stream has put out is going to be read. */
  hold(chunk: Uint8Array): void {
    const slot = this.#slotOf(chunk);
    if (slot) slot.uses++;
  }

  /** Nobody reads the chunk any more. */
  release(chunk: Uint8Array): void {
    const slot = this.#slotOf(chunk);
    if (slot) slot.uses--;
  }

  #newSlot(): Slot | undefined {
    if (this.#slots.length === this.#limit) return undefined;
    const slot = { buffer: Buffer.allocUnsafeSlow(this.#bytes), uses: 0 };
    this.#slots.push(slot);
    return slot;
  }

  #slotOf(chunk: Uint8Array): Slot | undefined {
    return this.#slots.find(({ buffer }) => buffer.buffer === chunk.buffer);
  }
}
