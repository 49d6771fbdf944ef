// One zlib or zstd stream of Node, driven by hand: it runs on the zlib thread pool, ahead of whoever takes its output, until the queue
// is full; a small input that expands to gigabytes waits there instead of filling memory.
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { ByteQueue } from "./byte-queue.ts";

/** Output buffer of one call into the pool. Node's default of 16 KB takes twice the time (measured: services/splitter/README.md). */
export const CHUNK_BYTES = 1024 * 1024;

export interface Engine {
  /** Resolves to how many bytes were taken: fewer than given when the compressed data ended inside. Throws on bad data. */
  write(piece: Uint8Array): Promise<number>;
  /** No more input: resolves when the last output is queued, throws when the compressed data had not ended. */
  end(): Promise<void>;
  /** After a short write: resolves when the last output is queued. */
  finished(): Promise<void>;
  close(): void;
}

/** Opens an engine whose output goes to `out`. */
export function openEngine(compression: "gzip" | "zstd", out: ByteQueue): Engine {
  const options = { chunkSize: CHUNK_BYTES, readableHighWaterMark: CHUNK_BYTES };
  const stream = compression === "gzip" ? createGunzip(options) : createZstdDecompress(options);
  let failure: Error | undefined;
  let writeDone: (() => void) | undefined;
  const over = new Promise<void>((resolve) => {
    const ended = (): void => {
      resolve();
      writeDone?.();
    };
    stream.once("error", (error) => {
      failure = error;
      ended();
    });
    stream.once("end", ended);
    stream.once("close", ended);
  });
  stream.on("data", (chunk: Uint8Array) => {
    out.put(chunk);
    if (!out.isFull) return;
    stream.pause();
    void out.room().then(() => stream.resume());
  });

  async function finished(): Promise<void> {
    await over;
    if (failure) throw failure;
  }

  return {
    async write(piece) {
      const before = stream.bytesWritten;
      // A failed write may leave its callback uncalled, or call it before the error event: the event decides.
      const error = await new Promise<Error | null | undefined>((resolve) => {
        writeDone = () => resolve(undefined);
        stream.write(piece, resolve);
      });
      writeDone = undefined;
      if (error) await over;
      if (failure) throw failure;
      return stream.bytesWritten - before;
    },
    end() {
      stream.end();
      return finished();
    },
    finished,
    close: () => void stream.destroy(),
  };
}
