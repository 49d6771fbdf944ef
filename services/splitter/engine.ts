// What all sources of a process share: scanner threads, the memory for raw lines, compression, block buffers. Made once, used until the end.
import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import type { Config } from "../../shared/config/schema.ts";
import { WeightedLimit } from "../../shared/runtime/weighted-limit.ts";
import { BufferPool } from "./frame/buffer-pool.ts";
import { createCompressor, type Compressor } from "./parts/compressor.ts";
import { FrameBuffers } from "./parts/frame-buffers.ts";
import { FULL_FRAME_BYTES } from "./parts/frame-compressor.ts";
import { PagePool } from "./parts/page-pool.ts";
import type { RunsIn } from "./read/engine.ts";
import { SMALL_STORED_BYTES } from "./read/read-small.ts";
import { CHUNK_BUFFER_BYTES } from "./read/read-source.ts";
import { PLACES_OF_LARGE } from "./source-places.ts";
import { createScanPool, type ScanPool } from "./threads/scan-pool.ts";
import { WORTH_A_THREAD_BYTES } from "./threads/worth-a-thread.ts";

export interface SplitEngine extends AsyncDisposable {
  readonly scanners: ScanPool;
  readonly pages: PagePool;
  readonly compressor: Compressor;
  readonly buffers: BufferPool;
  /** Raw frames on their way through compression. */
  readonly frameBuffers: FrameBuffers;
  /** Stored bytes up to which a source is read whole and split by one thread. */
  readonly smallBytes: number;
  /** By `placesOf` their stored bytes: sources in work. Who begins one has asked for its place by what a message or a listing says of its size; it may have grown since. */
  readonly sources: WeightedLimit;
  /** By bytes: small sources of unusual kinds, or odd ones, which go the way of large ones, several at the same time. */
  readonly smallMemory: WeightedLimit;
  /** Where sources are decompressed. */
  readonly decompresses: RunsIn;
  /** Scratch disk that one source may use. */
  readonly scratchBytes: number;
  /** To be told of each source that begins: a process that lives long deals with memory otherwise. */
  sawSource(): void;
  /** Of a small source that goes the way of large ones, several at the same time. */
  sawOddSource(): void;
  /** To be told how many event types a source has so far: memory is dealt with otherwise when they are very many. */
  sawTypes(count: number): void;
}

/** As many full frames as may be in work, and those that wait for the scratch disk. */
const FRAME_BUFFERS = 16;

/** What small sources may take together that are not worked on one after the other. */
const SMALL_MEMORY_BYTES = 32 * 1024 * 1024;

/** Chunks and blocks of sources in work: one of some megabytes has up to three, a large one six. */
const BUFFERS_KEPT = 24;

/** From here on event types take more memory than all the rest. */
const MANY_TYPES = 500;
/** From here on everything that a run needs has been loaded. */
const MANY_SOURCES = 50;

/** With so few threads the main one has time to decompress; with more it would be what the others wait for. */
const WITHOUT_POOL = 2;

/** Node's zlib pool has four threads, or more (bin/log-router); the rest is left for decompression and files. */
const COMPRESSING_THREADS = 3;

/**
 * For all threads of the process, from the first source with very many event types on. With few, 5 % of CPU would be lost for nothing; and code that
 * is loaded when V8 has other flags than it started with is compiled anew, and written to the compile cache so that the next start rejects it.
 */
function keepHeapsSmall(): void {
  keepYoungSpaceSmall();
  // What thousands of event types have in flight outlives the young generation; without this it piles up to 40 MiB, buffers included,
  // before V8 collects it.
  setFlagsFromString("--heap-growing-percent=50");
  // And heaps are kept small at the price of some collecting: the peak is a fifth lower.
  setFlagsFromString("--optimize-for-size");
}

/**
 * By default V8 lets the space for young objects grow to more than a hundred megabytes, which buys no speed here: nearly everything that is
 * allocated dies at once. A single source does not take long enough for that.
 */
function keepYoungSpaceSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  // Of so little space a thread has collected the garbage by the time that others would have woken up to help.
  setFlagsFromString("--no-parallel-scavenge");
}

/**
 * `sources`: how many may be in work at the same time, by default `concurrent_sources`. `smallBytes` of 0: every source is worked on as a large one is,
 * by all threads.
 */
export function createEngine(
  { splitter }: Config,
  sources = splitter.concurrent_sources,
  smallBytes = SMALL_STORED_BYTES,
): SplitEngine {
  const threads = splitter.threads ?? availableParallelism();
  const scanners = createScanPool(threads, smallBytes === 0 ? 0 : WORTH_A_THREAD_BYTES);
  let hasManyTypes = false;
  let seen = 0;
  let odd = 0;
  return {
    scanners,
    pages: new PagePool(splitter.memory_bytes),
    compressor: createCompressor(
      splitter.compression_level,
      Math.min(COMPRESSING_THREADS, Math.max(2, threads)),
      scanners,
    ),
    buffers: new BufferPool(CHUNK_BUFFER_BYTES, threads + BUFFERS_KEPT, threads > 1),
    frameBuffers: new FrameBuffers(FULL_FRAME_BYTES, FRAME_BUFFERS, threads > 1),
    smallBytes,
    sources: new WeightedLimit(sources * PLACES_OF_LARGE),
    smallMemory: new WeightedLimit(SMALL_MEMORY_BYTES),
    decompresses: threads <= WITHOUT_POOL ? "here" : "pool",
    scratchBytes: Math.floor(splitter.scratch_bytes / sources),
    sawSource() {
      if (++seen === MANY_SOURCES) keepYoungSpaceSmall();
    },
    sawOddSource() {
      if (++odd === 2) keepYoungSpaceSmall();
    },
    sawTypes(count) {
      if (hasManyTypes || count < MANY_TYPES) return;
      hasManyTypes = true;
      keepHeapsSmall();
    },
    [Symbol.asyncDispose]: () => scanners[Symbol.asyncDispose](),
  };
}
