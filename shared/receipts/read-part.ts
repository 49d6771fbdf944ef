// Reading a part back, line by line. Node's zstd stops after a frame when the input that it was given goes on, and parts have many: it is given
// frame by frame, so that one decompressor does for all.
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { RouterError } from "../errors/router-error.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { UnitPart } from "../ports/warehouse.ts";
import { DecompressorNow } from "../runtime/decompress-now.ts";
import { zstdFrames } from "./zstd-frames.ts";

const NEWLINE = 0x0a;

/**
 * The lines of a part, without their newlines, in order. Holds the stored part (some 32 MB) and one line. Throws what the store throws, and
 * SOURCE_CORRUPT when the part's bytes are not what was written.
 */
export async function* readPartLines(
  store: ObjectStore,
  bucket: string,
  part: Pick<UnitPart, "key" | "compression">,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const stored = await store.getBytes({ bucket, key: part.key }, signal);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of decompressPart(stored, part)) {
    signal?.throwIfAborted();
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield bytes.subarray(start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield rest;
}

const MIN_CHUNK_BYTES = 64 * 1024;
const MAX_CHUNK_BYTES = 1024 * 1024;
/** What a byte of a part is likely to expand to. */
const EXPANSION = 10;
/** Stored. Up to here a stream takes longer to be made and to hand over its chunks than to decompress. */
const SMALL_BYTES = 128 * 1024;
const small = new DecompressorNow(createZstdDecompress, constants.ZSTD_e_end, MAX_CHUNK_BYTES);

/** The uncompressed bytes of a part, in pieces that are the caller's. Throws SOURCE_CORRUPT when they are not what was written. */
export async function* decompressPart(
  stored: Uint8Array,
  part: Pick<UnitPart, "key" | "compression">,
): AsyncGenerator<Buffer, void, undefined> {
  const now = decompressedNow(stored, part);
  if (now) return yield Buffer.from(now);
  // Node's default of 16 KiB takes twice the time; a buffer too large costs small parts as much.
  const chunkSize = Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, stored.length * EXPANSION));
  const engine =
    part.compression === "zstd" ? createZstdDecompress({ chunkSize }) : createGunzip({ chunkSize });
  const pieces = part.compression === "zstd" ? zstdFrames(stored) : [stored];
  for (const piece of pieces) engine.write(piece);
  engine.end();
  try {
    for await (const chunk of engine) yield chunk;
  } catch (cause) {
    throw corrupt(part, cause);
  }
  if (engine.bytesWritten < stored.length) throw corrupt(part);
}

/** As `decompressPart`, all at once, good until the next call in this thread; undefined for what that has to deal with: large parts, and odd ones. */
export function decompressedNow(
  stored: Uint8Array,
  { compression }: Pick<UnitPart, "compression">,
): Buffer | undefined {
  if (compression !== "zstd" || stored.length === 0 || stored.length > SMALL_BYTES) return undefined;
  const raw = small.decompress(zstdFrames(stored));
  return raw && Buffer.from(raw.buffer, raw.byteOffset, raw.length);
}

function corrupt({ key }: Pick<UnitPart, "key">, cause?: unknown): RouterError {
  return new RouterError("SOURCE_CORRUPT", `The part ${key} cannot be decompressed.`, { cause });
}
