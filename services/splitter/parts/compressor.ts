// Compresses frames on the zlib thread pool. What is in work at once is bounded by bytes; producers wait at `room`.
import { gzip } from "node:zlib";
import pLimit from "p-limit";
import { ZstdEncoder } from "./zstd-encoder.ts";

export type Codec = "zstd" | "gzip";

/** A frame of so many raw bytes is compressed before it could be handed to another thread. */
export const SMALL_BYTES = 64 * 1024;
/** Raw bytes in work before producers wait. */
const IN_WORK_BYTES = 4 * 1024 * 1024;

export interface Compressor {
  /**
   * Makes one independent frame (zstd) or member (gzip) and hands it to `use`. Its bytes may be overwritten when `use` has ended; only then
   * does the next job begin, so that what is compressed never piles up.
   */
  compress<T>(raw: Uint8Array, codec: Codec, use: (compressed: Uint8Array) => T | Promise<T>): Promise<T>;
  /** One frame of up to SMALL_BYTES at once, to be copied before the next call; undefined when it has to go through `compress`. */
  compressNow(raw: Uint8Array, codec: Codec): Uint8Array | undefined;
  /** Counts bytes that wait for the scratch disk as in work too, until the returned function is called. */
  hold(bytes: number): () => void;
  /** Resolves when less than the limit is in work. */
  room(): Promise<void>;
}

/** `threads`: jobs in the zlib pool at once; the rest of the pool is left for decompression and files. `frameBytes`: size of a full frame. */
export function createCompressor(level: number, threads: number, frameBytes: number): Compressor {
  const limit = pLimit(threads);
  const work = new BytesInWork();
  const idle: ZstdEncoder[] = [];
  let small: ZstdEncoder | undefined;

  async function zstd<T>(raw: Uint8Array, use: (compressed: Uint8Array) => T | Promise<T>): Promise<T> {
    const encoder = idle.pop() ?? new ZstdEncoder(level, frameBytes);
    // One that failed is not used again.
    const compressed = await encoder.frame(raw);
    try {
      return await use(compressed);
    } finally {
      idle.push(encoder);
    }
  }

  return {
    hold: (bytes) => work.add(bytes),
    compress: (raw, codec, use) =>
      limit(async () => (codec === "zstd" ? zstd(raw, use) : use(await gzipped(raw, level)))),
    compressNow(raw, codec) {
      if (codec !== "zstd" || raw.length > SMALL_BYTES) return undefined;
      return (small ??= new ZstdEncoder(level, SMALL_BYTES)).frameNow(raw);
    },
    room: () => work.room(),
  };
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
