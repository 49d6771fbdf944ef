// A small source in one piece: read whole, decompressed by one call. Streams, with their buffers of a megabyte and their way through the thread pool,
// cost a file of 20 kB more than all the rest. Only what is plainly right is taken here; anything else goes the way of large sources, which
// finds the same bytes.
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { ObjectRead } from "../../../shared/ports/object-store.ts";
import { zstdFrames } from "../../../shared/receipts/zstd-frames.ts";
import { DecompressorNow } from "../../../shared/runtime/decompress-now.ts";
import { detectCompression, type Compression } from "./compression.ts";

/** Stored bytes up to which a source is small. */
export const SMALL_STORED_BYTES = 128 * 1024;
/** What a small source may expand to. */
const SMALL_RAW_BYTES = 1024 * 1024;

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

const decompressors = {
  gzip: new DecompressorNow(createGunzip, constants.Z_FINISH, SMALL_RAW_BYTES),
  zstd: new DecompressorNow(createZstdDecompress, constants.ZSTD_e_end, SMALL_RAW_BYTES),
};

/** The uncompressed bytes; undefined when they are many, or when anything is odd about the compressed ones: broken, bytes after them. */
export function rawWhole(stored: Uint8Array): RawWhole | undefined {
  const whole = rawNow(stored);
  return whole && whole.compression !== "plain" ? { ...whole, raw: new Uint8Array(whole.raw) } : whole;
}

/** As `rawWhole`, but the bytes are good until the next call in this thread: to copy them would cost a fifth of what inflating them does. */
export function rawNow<B extends ArrayBufferLike>(
  stored: Uint8Array<B>,
): RawWhole<B | ArrayBuffer> | undefined {
  const compression = detectCompression(stored);
  if (compression === "plain") return { compression, raw: stored };
  const pieces = compression === "gzip" ? [stored] : zstdFrames(stored);
  const raw = decompressors[compression].decompress(pieces);
  return raw && { compression, raw };
}

const ISIZE_BYTES = 4;

/** True when a gzip file says of itself, in its last four bytes (RFC 1952, ISIZE), that it is more than a small source may expand to. It may be wrong. */
export function saysMuch(stored: Uint8Array): boolean {
  if (detectCompression(stored) !== "gzip" || stored.length < ISIZE_BYTES) return false;
  const { buffer, byteOffset, length } = stored;
  return new DataView(buffer, byteOffset + length - ISIZE_BYTES).getUint32(0, true) > SMALL_RAW_BYTES;
}
