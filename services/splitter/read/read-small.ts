// A small source in one piece: read whole, decompressed by one call. Streams, with their buffers of a megabyte and their way through the thread pool,
// cost a file of 20 kB more than all the rest. Only what is plainly right is taken here; anything else goes the way of large sources, which
// finds the same bytes.
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { ObjectRead } from "../../../shared/ports/object-store.ts";
import { detectCompression, type Compression } from "./compression.ts";

/** Stored bytes up to which a source is small. */
export const SMALL_STORED_BYTES = 64 * 1024;
/** What it may expand to. */
const MAX_RAW_BYTES = 1024 * 1024;
const OUTPUT_BYTES = 64 * 1024;

export async function storedWhole(object: ObjectRead): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of object.body) chunks.push(chunk);
  const [first] = chunks;
  return chunks.length === 1 && first
    ? Buffer.from(first.buffer, first.byteOffset, first.length)
    : Buffer.concat(chunks);
}

/** The uncompressed bytes; undefined when they are many, or when anything is odd about the compressed ones: broken, several frames, bytes after them. */
export function rawWhole(
  stored: Buffer,
): { readonly compression: Compression; readonly raw: Uint8Array } | undefined {
  const compression = detectCompression(stored);
  if (compression === "plain") return { compression, raw: stored };
  const decompress = compression === "gzip" ? gunzipSync : zstdDecompressSync;
  try {
    const options = { info: true, chunkSize: OUTPUT_BYTES, maxOutputLength: MAX_RAW_BYTES };
    const { buffer, engine } = withInfo(decompress(stored, options));
    return engine.bytesWritten === stored.length ? { compression, raw: buffer } : undefined;
  } catch {
    return undefined;
  }
}

interface WithInfo {
  readonly buffer: Buffer;
  /** The stream that did it; `bytesWritten` is how much input it took. */
  readonly engine: { readonly bytesWritten: number };
}

/** What `info: true` makes of the result, which the types of Node do not say. */
function withInfo(result: unknown): WithInfo {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- documented: zlib's option `info`
  return result as WithInfo;
}
