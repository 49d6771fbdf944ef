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
  /** One independent frame (zstd) or member (gzip). */
  compress(raw: Uint8Array, codec?: Codec): Promise<Uint8Array>;
  /** One frame of up to SMALL_BYTES at once, to be copied before the next call; undefined when it has to go through `compress`. */
  compressNow(raw: Uint8Array, codec?: Codec): Uint8Array | undefined;
  /** Counts bytes that wait for the scratch disk as in work too, until the returned function is called. */
  hold(bytes: number): () => void;
  /** Resolves when less than the limit is in work. */
  room(): Promise<void>;
}

/** `threads`: jobs in the zlib pool at once; the rest of the pool is left for decompression and files. `frameBytes`: size of a full frame. */
export function createCompressor(
  codec: Codec,
  level: number,
  threads: number,
  frameBytes: number,
): Compressor {
  const limit = pLimit(threads);
  const work = new BytesInWork();
  const idle: ZstdEncoder[] = [];
  let small: ZstdEncoder | undefined;

  async function zstd(raw: Uint8Array): Promise<Uint8Array> {
    const encoder = idle.pop() ?? new ZstdEncoder(level, frameBytes);
    const compressed = await encoder.frame(raw);
    // One that failed is not used again.
    idle.push(encoder);
    return compressed;
  }

  return {
    hold: (bytes) => work.add(bytes),
    compress: (raw, as = codec) => limit(() => (as === "zstd" ? zstd(raw) : gzipped(raw, level))),
    compressNow(raw, as = codec) {
      if (as !== "zstd" || raw.length > SMALL_BYTES) return undefined;
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
