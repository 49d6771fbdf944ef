// One zlib or zstd stream of Node, driven by hand: it runs on the zlib thread pool, or in turns with everything else of this thread, ahead of whoever takes
// its output, until the queue is full; a small input that expands to gigabytes waits there instead of filling memory.
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { canWriteNow } from "../../../shared/runtime/zlib-now.ts";
import type { ByteQueue } from "./byte-queue.ts";
import { EngineHere, type Flush } from "./engine-here.ts";
import type { OutputBuffers } from "./output-buffers.ts";
import { openPoolEngine } from "./pool-engine.ts";
import { CHUNK_BYTES } from "./slices.ts";

export interface Engine {
  /** Resolves to how many bytes were taken: fewer than given when the compressed data ended inside. Throws on bad data. */
  write(piece: Uint8Array): Promise<number>;
  /** No more input: resolves when the last output is queued, throws when the compressed data had not ended. */
  end(): Promise<void>;
  /** After a short write: resolves when the last output is queued. */
  finished(): Promise<void>;
  close(): void;
}

/** Where decompression runs: in the thread pool, or in the thread that asks for it, where no core is left for the pool's. */
export type RunsIn = "pool" | "here";

/** Of the buffer that a stream makes for itself, and that nobody writes to: one of a megabyte for each source made V8 collect its garbage. */
const UNUSED_BYTES = 64;

/** Opens an engine whose output goes to `out`, in chunks that are held in `buffers` until they are released. */
export function openEngine(
  compression: "gzip" | "zstd",
  out: ByteQueue,
  buffers: OutputBuffers,
  runsIn: RunsIn,
): Engine {
  const open = (chunkSize: number) =>
    compression === "gzip" ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  const flush: Flush =
    compression === "gzip"
      ? { more: constants.Z_NO_FLUSH, end: constants.Z_FINISH }
      : { more: constants.ZSTD_e_continue, end: constants.ZSTD_e_end };
  if (runsIn === "here") {
    const stream = open(UNUSED_BYTES);
    if (canWriteNow(stream)) return new EngineHere(stream, flush, out, buffers);
    stream.destroy();
  }
  return openPoolEngine(open(CHUNK_BYTES), out, buffers);
}
