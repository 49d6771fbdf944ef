// A small source in one piece: read whole, decompressed by one call. Streams, with their buffers of a megabyte and their way through the thread pool,
// cost a file of 20 kB more than all the rest. Only what is plainly right is taken here; anything else goes the way of large sources, which
// finds the same bytes.
import { constants, createGunzip, gunzipSync, zstdDecompressSync, type Gunzip } from "node:zlib";
import type { ObjectRead } from "../../../shared/ports/object-store.ts";
import { canWriteNow, writeNow } from "../../../shared/runtime/zlib-now.ts";
import { detectCompression, type Compression } from "./compression.ts";

/** Stored bytes up to which a source is small. */
export const SMALL_STORED_BYTES = 128 * 1024;
/** What a small source may expand to. */
export const SMALL_RAW_BYTES = 1024 * 1024;
/** Of the buffers that Node's one-call functions make. */
const OUTPUT_BYTES = 64 * 1024;

/** A source that is plainly right. */
export interface RawWhole<B extends ArrayBufferLike = ArrayBufferLike> {
  readonly compression: Compression;
  /** Uncompressed. */
  readonly raw: Uint8Array<B>;
}

export async function storedWhole(object: ObjectRead): Promise<Uint8Array> {
  if (object.whole) return object.whole;
  const chunks: Uint8Array[] = [];
  for await (const chunk of object.body) chunks.push(chunk);
  const [first] = chunks;
  return chunks.length === 1 && first
    ? Buffer.from(first.buffer, first.byteOffset, first.length)
    : Buffer.concat(chunks);
}

/** The uncompressed bytes; undefined when they are many, or when anything is odd about the compressed ones: broken, several frames, bytes after them. */
export function rawWhole(stored: Uint8Array): RawWhole | undefined {
  const whole = rawNow(stored);
  return whole?.compression === "gzip" ? { ...whole, raw: new Uint8Array(whole.raw) } : whole;
}

/** As `rawWhole`, but the bytes are good until the next call in this thread: to copy them would cost a fifth of what inflating them does. */
export function rawNow<B extends ArrayBufferLike>(
  stored: Uint8Array<B>,
): RawWhole<B | ArrayBuffer> | undefined {
  const compression = detectCompression(stored);
  if (compression === "plain") return { compression, raw: stored };
  if (compression === "gzip" && inflater.isReady) {
    const raw = inflater.inflate(stored);
    return raw && { compression, raw };
  }
  const decompress = compression === "gzip" ? gunzipSync : zstdDecompressSync;
  try {
    const options = { info: true, chunkSize: OUTPUT_BYTES, maxOutputLength: SMALL_RAW_BYTES };
    const { buffer, engine } = withInfo(decompress(stored, options));
    return engine.bytesWritten === stored.length ? { compression, raw: buffer } : undefined;
  } catch {
    return undefined;
  }
}

const ISIZE_BYTES = 4;

/** True when a gzip file says of itself, in its last four bytes (RFC 1952, ISIZE), that it is more than a small source may expand to. It may be wrong. */
export function saysMuch(stored: Uint8Array): boolean {
  if (detectCompression(stored) !== "gzip" || stored.length < ISIZE_BYTES) return false;
  const { buffer, byteOffset, length } = stored;
  return new DataView(buffer, byteOffset + length - ISIZE_BYTES).getUint32(0, true) > SMALL_RAW_BYTES;
}

/** One stream for all small sources, and one buffer for what comes of them. */
class Inflater {
  #stream: ResettableGunzip | undefined;
  #output: Buffer<ArrayBuffer> | undefined;

  /** False when Node's streams have changed. */
  get isReady(): boolean {
    return (this.#stream ??= openGunzip()) !== undefined;
  }

  /** The uncompressed bytes, good until the next call; undefined when they are more than SMALL_RAW_BYTES, or odd. */
  inflate(stored: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    if (!this.#stream) return undefined;
    this.#stream.reset();
    this.#output ??= Buffer.allocUnsafeSlow(SMALL_RAW_BYTES + 1);
    try {
      const written = writeNow(this.#stream, constants.Z_FINISH, stored, 0, this.#output);
      if (!written || written.inputLeft > 0 || written.outputLeft === 0) return undefined;
      return new Uint8Array(this.#output.buffer, 0, this.#output.length - written.outputLeft);
    } catch {
      // One that has failed cannot be used any more.
      this.#stream = undefined;
      return undefined;
    }
  }
}

const inflater = new Inflater();

/** Every decompressor can be set back; the types of Node leave it out for this one. */
type ResettableGunzip = Gunzip & { reset(): void };

function openGunzip(): ResettableGunzip | undefined {
  const stream = createGunzip();
  // Whoever asked has been told.
  stream.on("error", () => undefined);
  return isResettable(stream) && canWriteNow(stream) ? stream : undefined;
}

function isResettable(stream: Gunzip): stream is ResettableGunzip {
  return "reset" in stream;
}

interface WithInfo {
  readonly buffer: Buffer<ArrayBuffer>;
  /** The stream that did it; `bytesWritten` is how much input it took. */
  readonly engine: { readonly bytesWritten: number };
}

/** What `info: true` makes of the result, which the types of Node do not say. */
function withInfo(result: unknown): WithInfo {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- documented: zlib's option `info`
  return result as WithInfo;
}
