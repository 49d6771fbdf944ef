// Copying between buffers of which one may be shared between threads, and looking at them as Buffers.

/**
 * Copies all of `from` to `to` at `at`, where it must fit. A typed array's own `set` copies shared memory in words, as atomic ones; Node's copy of
 * a part of a buffer is a plain memmove, three times as fast (measured: services/splitter/README.md).
 */
export function copyBytes(from: Uint8Array, to: Uint8Array, at: number): void {
  if (from.length < WORTH_A_CALL || from.length === from.buffer.byteLength) to.set(from, at);
  else Buffer.from(from.buffer).copy(to, at, from.byteOffset, from.byteOffset + from.length);
}

const WORTH_A_CALL = 4096;

/** The same bytes as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
