// zstd frames, one after another, from one compression context: Node's one-call function makes a new one each time.
import { constants, createZstdCompress } from "node:zlib";

/** Fast: what is gathered is read once, and soon. */
const LEVEL = 1;

export class FrameEncoder implements Disposable {
  readonly #stream;
  #chunks: Buffer[] = [];
  #failure: Error | undefined;
  #done: (() => void) | undefined;

  constructor(rawBytes: number) {
    // Each write ends a frame.
    this.#stream = createZstdCompress({
      chunkSize: rawBytes,
      params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
      flush: constants.ZSTD_e_end,
    });
    this.#stream.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    this.#stream.once("error", (error) => {
      this.#failure = error;
      this.#done?.();
    });
  }

  /** Compresses `raw` into one frame on the thread pool. One call at a time. */
  async frame(raw: Uint8Array): Promise<readonly Buffer[]> {
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#stream.write(raw, () => resolve());
    });
    if (this.#failure) throw this.#failure;
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}
