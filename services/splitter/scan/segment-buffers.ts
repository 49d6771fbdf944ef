// Buffers for the segments of blocks, used again once they have been written: fresh memory costs more time than writing to it. Of a whole thread: one
// block is scanned at a time, whatever number of sources is in work. A thread that is not the main one hands its results to that, in memory that
// both see.
import { isMainThread } from "node:worker_threads";
import { BLOCK_BYTES } from "../frame/framed.ts";
import { sharedBuffer } from "../threads/shared-buffer.ts";

/** Buffers kept for the next blocks. */
const MAX_SPARE = 4;
/** Of shared memory, which costs nothing as long as nobody has written to it. */
const SHARED_BYTES = 2 * BLOCK_BYTES;
/** Larger results are rare (a record of megabytes): they are transferred, and not kept. */
const MAX_SHARED_BYTES = 4 * BLOCK_BYTES;

const spare: ArrayBuffer[] = [];
let recycles = false;

/** A buffer of at least so many bytes; what is in it is anything. */
export function takeSegmentBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  const fits = spare.findIndex(({ byteLength }) => byteLength >= bytes);
  if (fits >= 0) return new Uint8Array(spare.splice(fits, 1)[0]!);
  spare.length = 0;
  return new Uint8Array(newBuffer(bytes));
}

/** Takes a buffer back that nobody needs any more. Optional. */
export function giveSegmentBuffer(buffer: ArrayBuffer): void {
  recycles = true;
  if (spare.length < MAX_SPARE && buffer.byteLength > 0) spare.push(buffer);
}

function newBuffer(bytes: number): ArrayBuffer {
  // Somewhat larger, so that it fits the next blocks too.
  const roomy = bytes + (bytes >> 3);
  if (!isMainThread && bytes <= MAX_SHARED_BYTES) return sharedBuffer(Math.max(SHARED_BYTES, roomy));
  // Not cleared: every byte gets written.
  return Buffer.allocUnsafeSlow(recycles ? roomy : bytes).buffer;
}
