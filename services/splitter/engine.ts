// What all sources of a process share: scanner threads, the memory for raw lines, compression, block buffers. Made once, used until the end.
import { availableParallelism } from "node:os";
import type { Config } from "../../shared/config/schema.ts";
import { BufferPool } from "./frame/buffer-pool.ts";
import { createCompressor, type Compressor } from "./parts/compressor.ts";
import { PagePool } from "./parts/page-pool.ts";
import { createScanPool, type ScanPool } from "./threads/scan-pool.ts";

export interface SplitEngine extends AsyncDisposable {
  readonly scanners: ScanPool;
  readonly pages: PagePool;
  readonly compressor: Compressor;
  readonly buffers: BufferPool;
  /** Scratch disk that one source may use. */
  readonly scratchBytes: number;
}

/** Node's zlib pool has four threads (UV_THREADPOOL_SIZE); one is left for decompression and files. */
const COMPRESSING_THREADS = 3;

export function createEngine({ splitter }: Config): SplitEngine {
  const threads = splitter.threads ?? availableParallelism();
  const scanners = createScanPool(threads);
  return {
    scanners,
    pages: new PagePool(splitter.memory_bytes),
    compressor: createCompressor(
      splitter.compression,
      splitter.compression_level,
      Math.min(COMPRESSING_THREADS, Math.max(2, threads)),
    ),
    buffers: new BufferPool(2 * threads + 2),
    scratchBytes: Math.floor(splitter.scratch_bytes / splitter.concurrent_sources),
    [Symbol.asyncDispose]: () => scanners[Symbol.asyncDispose](),
  };
}
