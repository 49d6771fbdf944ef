// Reading a part back, line by line. Node's zstd stops after the first frame without a word, and parts have many: each frame gets a
// decompressor of its own, which tells how much of the input it has taken.
import { createGunzip, createZstdDecompress } from "node:zlib";
import { RouterError } from "../errors/router-error.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { UnitPart } from "../ports/warehouse.ts";

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
  for await (const chunk of decompressed(stored, part)) {
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

async function* decompressed(
  stored: Uint8Array,
  part: Pick<UnitPart, "key" | "compression">,
): AsyncGenerator<Buffer, void, undefined> {
  let at = 0;
  while (at < stored.byteLength) {
    const engine = part.compression === "zstd" ? createZstdDecompress() : createGunzip();
    engine.end(stored.subarray(at));
    try {
      for await (const chunk of engine) yield chunk;
    } catch (cause) {
      throw new RouterError("SOURCE_CORRUPT", `The part ${part.key} cannot be decompressed.`, { cause });
    }
    if (engine.bytesWritten === 0) break;
    at += engine.bytesWritten;
  }
}
