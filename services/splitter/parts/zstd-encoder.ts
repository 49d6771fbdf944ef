// zstd frames, one after another, from one compression context. Node's one-call function makes a context and a stream for every call: for
// frames of a few kilobytes that takes longer than compressing them, and its megabytes make V8 collect garbage all the time.
import { constants, createZstdCompress } from "node:zlib";

const CHUNK_BYTES = 256 * 1024;

export class ZstdEncoder {
  readonly #stream;
  #chunks: Uint8Array[] = [];
  #error: Error | undefined;
  #done: (() => void) | undefined;

  constructor(level: number) {
    const params = { [constants.ZSTD_c_compressionLevel]: level };
    this.#stream = createZstdCompress({ chunkSize: CHUNK_BYTES, params });
    this.#stream.on("data", (chunk: Uint8Array) => this.#chunks.push(chunk));
    this.#stream.once("error", (error) => {
      this.#error = error;
      this.#done?.();
    });
  }

  /** Compresses `raw` into one frame. One call at a time. */
  async frame(raw: Uint8Array): Promise<Uint8Array> {
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#stream.write(raw);
      this.#stream.flush(constants.ZSTD_e_end, resolve);
    });
    if (this.#error) throw this.#error;
    const compressed = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return compressed;
  }
}
