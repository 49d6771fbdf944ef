// Reading a part back, line by line. Node's zstd stops after a frame when the input that it was given goes on, and parts have many: it is given
// frame by frame, so that one decompressor does for all.
import { createGunzip, createZstdDecompress, zstdDecompressSync } from "node:zlib";
import { RouterError } from "../errors/router-error.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { UnitPart } from "../ports/warehouse.ts";
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
const SMALL_BYTES = 64 * 1024;
/** A call makes a buffer of this size whatever it needs: thousands of parts should not leave much to be collected. */
const MIN_SMALL_CHUNK_BYTES = 16 * 1024;

/** The uncompressed bytes of a part, in pieces that are the caller's. Throws SOURCE_CORRUPT when they are not what was written. */
export async function* decompressPart(
  stored: Uint8Array,
  part: Pick<UnitPart, "key" | "compression">,
): AsyncGenerator<Buffer, void, undefined> {
  const small = smallPart(stored, part);
  if (small) return yield* small;
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

/** A small part's frames, by one call each in this thread; undefined when the part is not small after all. */
function smallPart(
  stored: Uint8Array,
  part: Pick<UnitPart, "key" | "compression">,
): readonly Buffer[] | undefined {
  if (part.compression !== "zstd" || stored.length === 0 || stored.length > SMALL_BYTES) return undefined;
  const chunkSize = Math.max(MIN_SMALL_CHUNK_BYTES, stored.length * EXPANSION);
  const pieces: Buffer[] = [];
  let room = MAX_CHUNK_BYTES;
  for (const frame of zstdFrames(stored)) {
    if (room <= 0) return undefined;
    try {
      const piece = zstdDecompressSync(frame, { chunkSize, maxOutputLength: room });
      pieces.push(piece);
      room -= piece.length;
    } catch (cause) {
      if (isTooLarge(cause)) return undefined;
      throw corrupt(part, cause);
    }
  }
  return pieces;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

function corrupt({ key }: Pick<UnitPart, "key">, cause?: unknown): RouterError {
  return new RouterError("SOURCE_CORRUPT", `The part ${key} cannot be decompressed.`, { cause });
}
