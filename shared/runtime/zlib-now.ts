// Node's zlib and zstd streams, made to work in the calling thread instead of the thread pool.
import type { Transform } from "node:stream";

/**
 * What Node's own one-call functions use (lib/zlib.js, processChunkSync), and what a stream keeps: not documented. Where it is missing, whoever asks
 * goes the other way, through the pool; tests tell (test/unit/runtime/zlib-now.test.ts).
 */
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void;
}

/** After a write: bytes of output that are left, bytes of input that were not taken. */
type WriteState = Uint32Array;

export interface WrittenNow {
  /** Bytes of the input that were not taken: there was no more room, or the data ended before. */
  readonly inputLeft: number;
  /** Bytes of the output that were not needed. */
  readonly outputLeft: number;
}

/**
 * Writes `input` from `at` on to a stream that is not at work, its output to the start of `output`. Throws what the stream fails with; it cannot be
 * used any more then. Undefined when Node's streams have changed: nothing was written.
 */
export function writeNow(
  stream: Transform,
  flush: number,
  input: Uint8Array,
  at: number,
  output: Uint8Array,
): WrittenNow | undefined {
  const handle: unknown = Reflect.get(stream, "_handle");
  const state: unknown = Reflect.get(stream, "_writeState");
  if (!isHandle(handle) || !isWriteState(state)) return undefined;
  handle.writeSync(flush, input, at, input.length - at, output, 0, output.length);
  // The handle tells the stream of an error before it returns.
  if (stream.errored) throw stream.errored;
  return { outputLeft: state[0]!, inputLeft: state[1]! };
}

/** False when Node's streams have changed. */
export function canWriteNow(stream: Transform): boolean {
  return isHandle(Reflect.get(stream, "_handle")) && isWriteState(Reflect.get(stream, "_writeState"));
}

function isHandle(handle: unknown): handle is Handle {
  return typeof handle === "object" && handle !== null && "writeSync" in handle;
}

function isWriteState(state: unknown): state is WriteState {
  return state instanceof Uint32Array && state.length === 2;
}
