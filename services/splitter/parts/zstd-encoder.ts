// zstd frames, one after another, from one compression context. Node's one-call function makes a context and a stream for every call: for
// frames of a few kilobytes that takes longer than compressing them, and its megabytes make V8 collect garbage all the time.
import { constants, createZstdCompress } from "node:zlib";
import { OutputBuffers } from "../read/output-buffers.ts";
import { writeNow } from "../../../shared/runtime/zlib-now.ts";

/**
 * Level 1 means a window of 512 KiB and a hash table of 64 KiB, which is more than the first cache holds. Half of both takes 14 % less CPU, and
 * frames become 1 % larger (measured: bench/did-not-help.md has what else was tried).
 */
const FAST = { [constants.ZSTD_c_windowLog]: 18, [constants.ZSTD_c_hashLog]: 13 };

export class ZstdEncoder {
  readonly #stream;
  readonly #output: OutputBuffers;
  #chunks: Uint8Array[] = [];
  #error: Error | undefined;
  #done: (() => void) | undefined;
  readonly #bound: number;
  #now: Uint8Array | undefined;

  /** Frames of up to `rawBytes` are compressed in one call from buffer to buffer; larger ones are right too. */
  constructor(level: number, rawBytes: number) {
    const chunkSize = compressBound(rawBytes);
    this.#bound = chunkSize;
    const params = { [constants.ZSTD_c_compressionLevel]: level, ...(level === 1 ? FAST : {}) };
    // Each write ends a frame.
    this.#stream = createZstdCompress({ chunkSize, params, flush: constants.ZSTD_e_end });
    this.#output = new OutputBuffers(chunkSize, 1);
    this.#stream.on("data", (chunk: Uint8Array) => this.#chunks.push(chunk));
    this.#stream.once("error", (error) => {
      this.#error = error;
      this.#done?.();
    });
  }

  /**
   * Compresses `raw` into one frame on this thread: for a few kilobytes that takes microseconds, the way through the thread pool and
   * back many times as long. What it returns is written over by the next call. Undefined when that is not possible. Not while `frame` is at work.
   */
  frameNow(raw: Uint8Array): Uint8Array | undefined {
    if (compressBound(raw.length) > this.#bound) return undefined;
    this.#now ??= Buffer.allocUnsafeSlow(this.#bound);
    const written = writeNow(this.#stream, constants.ZSTD_e_end, raw, 0, this.#now);
    // What is not whole is no frame.
    if (!written || written.inputLeft > 0 || written.outputLeft === 0) return undefined;
    return this.#now.subarray(0, this.#bound - written.outputLeft);
  }

  /** Compresses `raw` into one frame, whose bytes may be overwritten by the next. One call at a time. */
  async frame(raw: Uint8Array): Promise<Uint8Array> {
    this.#output.aim(this.#stream);
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#stream.write(raw, () => resolve());
    });
    if (this.#error) throw this.#error;
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }
}

/** What a frame takes at most (zstd.h, ZSTD_COMPRESSBOUND); with so much room zstd writes where it is wanted, without buffers of its own. */
function compressBound(rawBytes: number): number {
  return rawBytes + (rawBytes >>> 8) + 64 * 1024;
}
