// One zlib or zstd stream of Node, driven by hand: it runs on the zlib thread pool, ahead of whoever takes its output, until the queue
// is full; a small input that expands to gigabytes waits there instead of filling memory.
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { ByteQueue } from "./byte-queue.ts";
import type { OutputBuffers } from "./output-buffers.ts";

/** Output buffer of one call into the pool. Node's default of 16 KB takes twice the time (measured: services/splitter/README.md). */
export const CHUNK_BYTES = 1280 * 1024;
/** Input is given in slices whose output should fill this much of the buffer, as the last slice went: full ones are not used again. */
const AIM_BYTES = 0.8 * CHUNK_BYTES;
const MIN_SLICE_BYTES = 1024;
const FIRST_SLICE_BYTES = 64 * 1024;

export interface Engine {
  /** Resolves to how many bytes were taken: fewer than given when the compressed data ended inside. Throws on bad data. */
  write(piece: Uint8Array): Promise<number>;
  /** No more input: resolves when the last output is queued, throws when the compressed data had not ended. */
  end(): Promise<void>;
  /** After a short write: resolves when the last output is queued. */
  finished(): Promise<void>;
  close(): void;
}

/** Opens an engine whose output goes to `out`, in chunks that are held in `buffers` until they are released. */
export function openEngine(compression: "gzip" | "zstd", out: ByteQueue, buffers: OutputBuffers): Engine {
  const options = { chunkSize: CHUNK_BYTES };
  const stream = compression === "gzip" ? createGunzip(options) : createZstdDecompress(options);
  let failure: Error | undefined;
  let writeDone: (() => void) | undefined;
  let sliceBytes = FIRST_SLICE_BYTES;
  let sliceOutput = 0;
  const state = { isOver: false };
  let over: () => void;
  const whenOver = new Promise<void>((resolve) => {
    over = () => {
      state.isOver = true;
      resolve();
      writeDone?.();
    };
  });
  stream.once("error", (error) => {
    failure = error;
    over();
  });
  stream.once("close", () => over());
  // Output goes straight to the queue, past the stream's own buffers. After `false` Node waits until its `_read` is called.
  stream.push = (output: Uint8Array | null): boolean => {
    if (!output) over();
    else {
      // Not as a Buffer, whose `slice` would be no copy.
      const chunk = new Uint8Array(output.buffer, output.byteOffset, output.length);
      sliceOutput += chunk.length;
      buffers.hold(chunk);
      out.put(chunk);
      if (out.isFull) void out.room().then(() => stream._read(0));
    }
    return !out.isFull;
  };

  async function writeSlice(slice: Uint8Array): Promise<number> {
    await out.room();
    buffers.aim(stream);
    const before = stream.bytesWritten;
    sliceOutput = 0;
    // A failed write may leave its callback uncalled, or call it before the error event: the event decides.
    const error = await new Promise<Error | null | undefined>((resolve) => {
      writeDone = () => resolve(undefined);
      stream.write(slice, resolve);
    });
    writeDone = undefined;
    buffers.landed();
    if (error) await whenOver;
    if (failure) throw failure;
    const taken = stream.bytesWritten - before;
    const perByte = Math.max(1, sliceOutput / Math.max(1, taken));
    sliceBytes = Math.max(MIN_SLICE_BYTES, Math.floor(AIM_BYTES / perByte));
    return taken;
  }

  async function finished(): Promise<void> {
    await whenOver;
    if (failure) throw failure;
  }

  return {
    async write(piece) {
      let taken = 0;
      while (taken < piece.length && !state.isOver) {
        // Slices of one length: a short one at the end of each piece would be a small block, and as much work as a large one.
        const rest = piece.length - taken;
        const slice = piece.subarray(taken, taken + Math.ceil(rest / Math.ceil(rest / sliceBytes)));
        const used = await writeSlice(slice);
        taken += used;
        if (used < slice.length) break;
      }
      return taken;
    },
    end() {
      buffers.aim(stream);
      stream.end();
      return finished();
    },
    finished,
    close: () => void stream.destroy(),
  };
}
