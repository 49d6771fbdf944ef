// Memory that all threads see: handing it over costs neither a copy nor a transfer, which V8 would count as memory freed here and allocated
// there, and collect garbage for. Whoever got it last uses it; nobody else touches it until it comes back.

/** A buffer in shared memory, of the type that buffers have everywhere: reading and writing it is the same. */
export function sharedBuffer(bytes: number): ArrayBuffer {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the two types differ in what threads may do with them, which only this folder does
  return new SharedArrayBuffer(bytes) as unknown as ArrayBuffer;
}

export function isShared(buffer: ArrayBufferLike): boolean {
  return buffer instanceof SharedArrayBuffer;
}

/** Buffers that have to be transferred. */
export function unshared(...buffers: readonly (ArrayBuffer | undefined)[]): ArrayBuffer[] {
  return buffers.filter((buffer): buffer is ArrayBuffer => buffer !== undefined && !isShared(buffer));
}
