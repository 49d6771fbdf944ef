// Decompression in the zlib thread pool, ahead of whoever takes its output.
import type { createGunzip } from "node:zlib";
import type { ByteQueue } from "./byte-queue.ts";
import type { Engine } from "./engine.ts";
import type { OutputBuffers } from "./output-buffers.ts";
import { Slices } from "./slices.ts";

type Zlib = ReturnType<typeof createGunzip>;

export function openPoolEngine(stream: Zlib, out: ByteQueue, buffers: OutputBuffers): Engine {
  let failure: Error | undefined;
  let writeDone: (() => void) | undefined;
  const slices = new Slices();
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
    slices.learn(taken, sliceOutput);
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
        const slice = piece.subarray(taken, taken + slices.next(piece.length - taken));
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
