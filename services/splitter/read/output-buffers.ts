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

/** Where the memory comes from and goes to. */
export interface OutputMemory {
  take(bytes: number): Uint8Array<ArrayBuffer>;
  give(buffer: ArrayBuffer): void;
}

const OWN_MEMORY: OutputMemory = {
  take: (bytes) => Buffer.allocUnsafeSlow(bytes),
  give: () => undefined,
};

export class OutputBuffers {
  readonly #bytes: number;
  readonly #limit: number;
  readonly #headroom: number;
  readonly #memory: OutputMemory;
  readonly #slots: Slot[] = [];
  /** Chunks that were given away and not released yet: by then their buffer may have come back. */
  readonly #kept = new Set<Uint8Array>();
  /** Where a stream may be writing now. */
  #written: Slot | undefined;

  /** Up to `limit` buffers of `bytes`, which must be the stream's `chunkSize`, after `headroom` bytes that streams leave alone. */
  constructor(bytes: number, limit: number, memory = OWN_MEMORY, headroom = 0) {
    this.#bytes = bytes;
    this.#limit = limit;
    this.#headroom = headroom;
    this.#memory = memory;
  }

  /** Lets a stream that is not at work write to a buffer that nobody reads. When there is none, Node goes on by itself. */
  aim(stream: Transform): void {
    const buffer = this.#open();
    if (buffer) Object.assign(stream, { _outBuffer: buffer, _outOffset: 0 } satisfies OutputPlace);
  }

  /** A buffer to write to, until `landed`: one that nobody reads, or, when there is none, one that is not used again. */
  next(): Buffer<ArrayBuffer> {
    return this.#open() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  #open(): Buffer<ArrayBuffer> | undefined {
    const slot = this.#slots.find(({ uses }) => uses === 0) ?? this.#newSlot();
    if (slot) this.#written = slot;
    return slot?.buffer;
  }

  /** The stream has done what it was given; it writes again only after `aim`. */
  landed(): void {
    this.#written = undefined;
  }

  /** A chunk that a stream has put out is going to be read. */
  hold(chunk: Uint8Array): void {
    const slot = this.#slotOf(chunk);
    if (slot) slot.uses++;
  }

  /** Nobody reads the chunk any more. */
  release(chunk: Uint8Array): void {
    if (this.#kept.delete(chunk)) return;
    const slot = this.#slotOf(chunk);
    if (slot) slot.uses--;
  }

  /** Gives the buffer of a held chunk away, with the headroom before it. False when anything else is in it, or being written to it. */
  keep(chunk: Uint8Array): boolean {
    const slot = this.#slotOf(chunk);
    if (!slot || slot.uses > 1 || slot === this.#written || chunk.byteOffset !== slot.buffer.byteOffset)
      return false;
    this.#slots.splice(this.#slots.indexOf(slot), 1);
    this.#kept.add(chunk);
    return true;
  }

  /** Gives back what nobody reads. A stream that was given up may still be writing: what it writes to is left to it. */
  close(): void {
    for (const slot of this.#slots)
      if (slot.uses === 0 && slot !== this.#written) this.#memory.give(slot.buffer.buffer);
    this.#slots.length = 0;
  }

  #newSlot(): Slot | undefined {
    if (this.#slots.length === this.#limit) return undefined;
    const { buffer } = this.#memory.take(this.#headroom + this.#bytes);
    const slot = { buffer: Buffer.from(buffer, this.#headroom, this.#bytes), uses: 0 };
    this.#slots.push(slot);
    return slot;
  }

  #slotOf(chunk: Uint8Array): Slot | undefined {
    return this.#slots.find(({ buffer }) => buffer.buffer === chunk.buffer);
  }
}
