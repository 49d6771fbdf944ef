// A source object as a stream of uncompressed bytes, whatever its compression, ending with a verdict: whole, or corrupt after how many bytes.
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { ObjectRead } from "../../../shared/ports/object-store.ts";
import { BufferPool } from "../frame/buffer-pool.ts";
import { detectCompression, MAGIC_BYTES, type Compression } from "./compression.ts";
import { CorruptInput, decompress, OUTPUT_BUFFERS } from "./decompress.ts";
import type { RunsIn } from "./engine.ts";
import { OutputBuffers, type OutputMemory } from "./output-buffers.ts";
import type { RawWhole } from "./read-small.ts";
import { CHUNK_BYTES } from "./slices.ts";

/** Room before each chunk of decompressed bytes, for the end of the chunk before it. */
export const HEADROOM_BYTES = 256 * 1024;
/** What a chunk's buffer takes at the most. */
export const CHUNK_BUFFER_BYTES = HEADROOM_BYTES + CHUNK_BYTES;

/** Compressed bytes handed to the decompressor at a time. */
const PIECE_BYTES = 256 * 1024;

/** Where and why the bytes of a source break. */
export interface SourceBreak {
  readonly message: string;
  /** Uncompressed bytes before the break: all that can be had, byte for byte, however the object arrives. */
  readonly afterByte: number;
}

export interface SourceReader {
  /** Uncompressed bytes, each chunk to be read before the next one is asked for. Ends at a break; errors of the object store pass through. */
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  /**
   * Makes the buffer of the chunk that came last the caller's own, with HEADROOM_BYTES before it that may be written to, until it is given
   * back to `memory`. False when that cannot be.
   */
  keep(chunk: Uint8Array): chunk is Uint8Array<ArrayBuffer>;
  /** Stored bytes read so far. */
  readonly storedBytes: number;
  readonly compression: Compression;
  /** Set once `chunks` has ended at a break. */
  readonly break: SourceBreak | undefined;
}

/**
 * Reads a source. `reopen` gives the same version of the object once more (OBJECT_CHANGED when there is another by now): after bad data
 * the last piece is read a second time byte by byte, because zlib throws away the output of the call that met the error, and how much
 * that was would depend on how the bytes arrived. `runsIn`: where it is decompressed.
 */
export async function readSource(
  object: ObjectRead,
  reopen: () => Promise<ObjectRead>,
  memory?: OutputMemory,
  runsIn: RunsIn = "pool",
): Promise<SourceReader> {
  const iterator = bodyOf(object);
  const head: Uint8Array[] = [];
  let headBytes = 0;
  while (headBytes < MAGIC_BYTES) {
    const { value, done } = await iterator.next();
    if (done) break;
    // A copy of what may be overwritten by the next chunk; in practice the first one is enough.
    head.push(value.length < MAGIC_BYTES ? value.slice() : value);
    headBytes += value.length;
  }
  const start = head.map((chunk) => chunk.subarray(0, MAGIC_BYTES));
  const compression = detectCompression(Buffer.concat(start).subarray(0, MAGIC_BYTES));
  return new Reader(compression, head, iterator, reopen, memory, runsIn);
}

/** For the bytes of a source that is whole, all there at once. */
export function wholeReader({ raw, compression }: RawWhole, storedBytes: number): SourceReader {
  const keep = (_chunk: Uint8Array): _chunk is Uint8Array<ArrayBuffer> => false;
  return { chunks: only(raw), keep, storedBytes, compression, break: undefined };
}

async function* only(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (chunk.length > 0) yield chunk;
}

/** Of sources that are being read. */
const PIECES_KEPT = 8;
const pieceBuffers = new BufferPool(PIECE_BYTES, PIECES_KEPT);

/** A buffer for each chunk, or each source, is counted by V8, which collects all garbage every few of them (services/splitter/README.md). */
async function* bodyOf(object: ObjectRead): AsyncGenerator<Uint8Array, void, undefined> {
  if (!object.bodyInto) return yield* object.body;
  const buffer = pieceBuffers.take(PIECE_BYTES);
  try {
    yield* object.bodyInto(buffer);
  } finally {
    pieceBuffers.give(buffer.buffer);
  }
}

class Reader implements SourceReader {
  readonly compression: Compression;
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  storedBytes = 0;
  break: SourceBreak | undefined;
  readonly #memory: OutputMemory | undefined;
  readonly #runsIn: RunsIn;
  #buffers: OutputBuffers | undefined;
  #rawBytes = 0;

  constructor(
    compression: Compression,
    head: Uint8Array[],
    body: AsyncIterator<Uint8Array>,
    reopen: () => Promise<ObjectRead>,
    memory: OutputMemory | undefined,
    runsIn: RunsIn,
  ) {
    this.#memory = memory;
    this.#runsIn = runsIn;
    this.compression = compression;
    this.chunks = this.#read(this.#stored(head, body), reopen);
  }

  keep(chunk: Uint8Array): chunk is Uint8Array<ArrayBuffer> {
    return this.#buffers?.keep(chunk) ?? false;
  }

  async *#stored(head: Uint8Array[], body: AsyncIterator<Uint8Array>) {
    try {
      for (const chunk of head) {
        this.storedBytes += chunk.length;
        yield chunk;
      }
      for (;;) {
        const { value, done } = await body.next();
        if (done) return;
        this.storedBytes += value.length;
        yield value;
      }
    } finally {
      await body.return?.();
    }
  }

  async *#read(stored: AsyncIterable<Uint8Array>, reopen: () => Promise<ObjectRead>) {
    if (this.compression === "plain") {
      yield* stored;
      return;
    }
    try {
      const input = pieces(stored, Infinity);
      yield* this.#counted(decompress(this.compression, input, this.#openBuffers(), this.#runsIn));
    } catch (error) {
      if (!(error instanceof CorruptInput)) throw error;
      this.break = error.isBadData
        ? yield* this.#readExactly(this.compression, error.offset, reopen)
        : this.#brokenBy(error);
    }
  }

  /** Second reading after bad data: yields what the first one lost, up to the last good byte. */
  async *#readExactly(compression: "gzip" | "zstd", fineFrom: number, reopen: () => Promise<ObjectRead>) {
    const object = await reopen();
    let skip = this.#rawBytes;
    try {
      const input = pieces(object.body, fineFrom);
      for await (const chunk of decompress(compression, input, this.#openBuffers(), this.#runsIn, true)) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - fresh.length;
        if (fresh.length === 0) continue;
        this.#rawBytes += fresh.length;
        yield fresh;
      }
    } catch (error) {
      if (error instanceof CorruptInput) return this.#brokenBy(error);
      throw error;
    }
    throw new RouterError("OBJECT_CHANGED", "The source was corrupt and, read again, is not.", {
      retryable: true,
      details: { bucket: object.bucket, key: object.key },
    });
  }

  #openBuffers(): OutputBuffers {
    this.#buffers = new OutputBuffers(CHUNK_BYTES, OUTPUT_BUFFERS, this.#memory, HEADROOM_BYTES);
    return this.#buffers;
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      this.#rawBytes += chunk.length;
      yield chunk;
    }
  }

  #brokenBy(error: CorruptInput): SourceBreak {
    return { message: error.message, afterByte: this.#rawBytes };
  }
}

/** Cuts chunks to at most PIECE_BYTES at fixed offsets of the source, and to single bytes from `fineFrom` on. */
async function* pieces(
  chunks: AsyncIterable<Uint8Array>,
  fineFrom: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const size = offset >= fineFrom ? 1 : Math.min(PIECE_BYTES - (offset % PIECE_BYTES), fineFrom - offset);
      const piece = chunk.subarray(at, at + size);
      yield piece;
      at += piece.length;
      offset += piece.length;
    }
  }
}
