// What the tables of integers share.

/** Mixes the high bits of a hash into the low ones, which choose the slot. */
export function finishHash(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

type Column = Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array;

/** A typed array of twice the length that begins with the same elements. */
export function larger<T extends Column>(array: T): T;
export function larger(array: Column): Column {
  const length = array.length * 2;
  if (array instanceof Uint8Array) return withHead(new Uint8Array(length), array);
  if (array instanceof Uint16Array) return withHead(new Uint16Array(length), array);
  if (array instanceof Int32Array) return withHead(new Int32Array(length), array);
  if (array instanceof Uint32Array) return withHead(new Uint32Array(length), array);
  return withHead(new Float64Array(length), array);
}

function withHead<T extends { set(head: ArrayLike<number>): void }>(array: T, head: ArrayLike<number>): T {
  array.set(head);
  return array;
}
