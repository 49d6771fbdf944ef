// What the parts of the ObjectStore contract share.
import { createHash } from "node:crypto";
import type { ObjectStore } from "../../shared/ports/object-store.ts";

/** One store under test with a writable bucket; disposed after each test. */
export interface ObjectStoreHarness extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly bucket: string;
  /** Its batches begin objects that grow. Default false. */
  readonly grows?: boolean;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes that do not compress and are the same each time. */
export function noise(bytes: number, seed: string): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let at = 0, i = 0; at < bytes; i++) {
    const block = createHash("sha512")
      .update(`${seed}${i}`)
      .digest()
      .subarray(0, bytes - at);
    out.set(block, at);
    at += block.length;
  }
  return out;
}

export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

export async function keysOf(store: ObjectStore, bucket: string, prefix: string, startAfter?: string) {
  const keys: string[] = [];
  const options = startAfter === undefined ? {} : { startAfter };
  for await (const object of store.list(bucket, prefix, options)) keys.push(object.key);
  return keys;
}
