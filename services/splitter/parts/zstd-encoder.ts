// zstd frames, one after another, from one compression context. Node's one-call function makes a context and a stream for every call: for
// frames of a few kilobytes that takes longer than compressing them, and its megabytes make V8 collect garbage all the time.
import { constants, createZstdCompress } from "node:zlib";
import { OutputBuffers } from "../read/output-buffers.ts";

export class ZstdEncoder {
  readonly #stream;
  readonly #output: OutputBuffers;
  #chunks: Uint8Array[] = [];
  #error: Error | undefined;
  #done: (() => void) | undefined;

  /** Frames of up to `rawBytes` are compressed in one call from buffer to buffer; larger ones are right too. */
  constructor(level: number, rawBytes: number) {
    const chunkSize = compressBound(rawBytes);
    const params = { [constants.ZSTD_c_compressionLevel]: level };
    // Each write ends a frame.
    this.#stream = createZstdCompress({ chunkSize, params, flush: constants.ZSTD_e_end });
    this.#output = new OutputBuffers(chunkSize, 1);
    this.#stream.on("data", (chunk: Uint8Array) => this.#chunks.push(chunk));
    this.#stream.once("error", (error) => {
      this.#error = error;
      this.#done?.();
    });
  }

  /** Compresses `raw` into one frame. One call at a time. */
  async frame(raw: Uint8Array): Promise<Uint8Array> {
    this.#output.aim(this.#stream);
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#stream.write(raw, () => resolve());
    });
    if (this.#error) throw this.#error;
    const compressed = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return compressed;
  }
}

/** What a frame takes at most (zstd.h, ZSTD_COMPRESSBOUND); with so much room zstd writes where it is wanted, without buffers of its own. */
function compressBound(rawBytes: number): number {
  return rawBytes + (rawBytes >>> 8) + 64 * 1024;
}
