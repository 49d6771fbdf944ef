// Compresses frames. Fast ones in the scanners' threads as long as those have time for it, else in the calling one: between them no core waits for
// work, and no more threads are at work than there are cores. What takes longer goes to the zlib thread pool. What is in work at once is bounded by
// bytes; producers wait at `room`.
import { gzip } from "node:zlib";
import pLimit from "p-limit";
import { FrameCompressor, frameBytes, FULL_FRAME_BYTES, SMALL_BYTES } from "./frame-compressor.ts";
import { ZstdEncoder } from "./zstd-encoder.ts";

export type Codec = "zstd" | "gzip";

/** Up to this level of zstd a full frame takes a few milliseconds, for which a thread may keep others waiting. */
const FAST_LEVEL = 3;
/** Raw bytes in work before producers wait. */
const IN_WORK_BYTES = 4 * 1024 * 1024;

export interface Compressor {
  /**
   * Makes one independent frame (zstd) or member (gzip) and hands it to `use`; it may be in the memory of `raw`, which is written over. Its bytes may be
   * overwritten when `use` has ended.
   */
  compress<T>(raw: Uint8Array, codec: Codec, use: (compressed: Uint8Array) => T | Promise<T>): Promise<T>;
  /** One frame of up to SMALL_BYTES at once, to be copied before the next call; undefined when it has to go through `compress`. */
  compressNow(raw: Uint8Array, codec: Codec): Uint8Array | undefined;
  /** Counts bytes that wait for the scratch disk as in work too, until the returned function is called. */
  hold(bytes: number): () => void;
  /** Resolves when less than the limit is in work. */
  room(): Promise<void>;
}

/** The scanners' threads: `compress` of ScanPool. */
export interface FrameThreads {
  compress(raw: Uint8Array, level: number): Promise<Uint8Array | undefined> | undefined;
}

/** `poolJobs`: jobs in the zlib pool at once; the rest of the pool is left for decompression and files. */
export function createCompressor(level: number, poolJobs: number, threads: FrameThreads): Compressor {
  const inPool = new PoolCompressor(level, poolJobs);
  const work = new BytesInWork();
  const here = new FrameCompressor();
  let small: ZstdEncoder | undefined;

  return {
    hold: (bytes) => work.add(bytes),
    async compress(raw, codec, use) {
      if (codec !== "zstd" || level > FAST_LEVEL || raw.length > FULL_FRAME_BYTES)
        return await inPool.compress(raw, codec, use);
      const elsewhere = threads.compress(raw, level);
      const frame = elsewhere ? await elsewhere : frameBytes(raw, here.compress(raw, level));
      if (frame) return await use(frame);
      // While a thread was asked, frames behind this one may have taken all places in the pool, where they wait for it to be written.
      return await (elsewhere ? inPool.zstd(raw, use) : inPool.compress(raw, codec, use));
    },
    compressNow(raw, codec) {
      if (codec !== "zstd" || raw.length > SMALL_BYTES) return undefined;
      return (small ??= new ZstdEncoder(level, SMALL_BYTES)).frameNow(raw);
    },
    room: () => work.room(),
  };
}

class PoolCompressor {
  readonly #level: number;
  readonly #limit;
  readonly #idle: ZstdEncoder[] = [];

  constructor(level: number, jobs: number) {
    this.#level = level;
    this.#limit = pLimit(jobs);
  }

  /** Only when `use` has ended the next job begins, so that what is compressed never piles up. */
  compress<T>(raw: Uint8Array, codec: Codec, use: (compressed: Uint8Array) => T | Promise<T>): Promise<T> {
    return this.#limit(async () =>
      codec === "zstd" ? this.zstd(raw, use) : use(await gzipped(raw, this.#level)),
    );
  }

  /** Beyond the jobs at once. */
  async zstd<T>(raw: Uint8Array, use: (compressed: Uint8Array) => T | Promise<T>): Promise<T> {
    const encoder = this.#idle.pop() ?? new ZstdEncoder(this.#level, FULL_FRAME_BYTES);
    // One that failed is not used again.
    const compressed = await encoder.frame(raw);
    try {
      return await use(compressed);
    } finally {
      this.#idle.push(encoder);
    }
  }
}

class BytesInWork {
  #bytes = 0;
  #waiting: (() => void)[] = [];

  add(bytes: number): () => void {
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
      if (this.#bytes >= IN_WORK_BYTES) return;
      const woken = this.#waiting;
      this.#waiting = [];
      for (const wake of woken) wake();
    };
  }

  async room(): Promise<void> {
    while (this.#bytes >= IN_WORK_BYTES) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** gzip has levels to 9 only. */
function gzipped(raw: Uint8Array, level: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // Log lines shrink to a fifth or less; an output buffer of a quarter makes one trip through the pool the rule.
    const options = { chunkSize: Math.max(4096, raw.length >>> 2), level: Math.min(level, 9) };
    gzip(raw, options, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}
