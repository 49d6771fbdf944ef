// Small parts decompressed in the calling thread, by one stream and into one buffer for all of them: Node's own call makes a context and buffers each
// time, which took four times as long as decompressing.
import { constants, createZstdDecompress, type ZstdDecompress } from "node:zlib";
import { writeNow } from "../runtime/zlib-now.ts";
import { zstdFrames } from "./zstd-frames.ts";

/** Stored. */
const SMALL_BYTES = 128 * 1024;
/** Uncompressed: one byte less. */
const OUTPUT_BYTES = 1024 * 1024;

let stream: Resettable | undefined;
let output: Buffer<ArrayBuffer> | undefined;

/** The uncompressed bytes of a zstd part, good until the next call in this thread. Undefined for what is large, or odd in any way. */
export function decompressSmall(stored: Uint8Array): Buffer<ArrayBuffer> | undefined {
  if (stored.length === 0 || stored.length > SMALL_BYTES) return undefined;
  stream ??= open();
  if (!stream) return undefined;
  output ??= Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  let bytes = 0;
  try {
    // One that ends inside the frame would go on with the next one as if nothing were missing.
    for (const frame of zstdFrames(stored)) {
      stream.reset();
      const written = writeNow(stream, constants.ZSTD_e_end, frame, 0, output.subarray(bytes));
      if (!written || written.inputLeft > 0 || written.outputLeft === 0) return undefined;
      bytes = output.length - written.outputLeft;
    }
  } catch {
    // One that has failed cannot be used any more.
    stream = undefined;
    return undefined;
  }
  return output.subarray(0, bytes);
}

/** Every decompressor can be set back; the types of Node leave it out for this one. */
type Resettable = ZstdDecompress & { reset(): void };

function open(): Resettable | undefined {
  const opened = createZstdDecompress();
  // Whoever asked has been told.
  opened.on("error", () => undefined);
  return isResettable(opened) ? opened : undefined;
}

function isResettable(opened: ZstdDecompress): opened is Resettable {
  return "reset" in opened;
}
