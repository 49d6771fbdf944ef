// Two object stores as one: the buckets of the machine itself, and all others.
import type { ObjectStore } from "../ports/object-store.ts";

/** Objects of the buckets in `own` are in `inner`, all others in what `outer` gives, which is asked for when the first one is needed. */
export function byBucket(own: readonly string[], inner: ObjectStore, outer: () => ObjectStore): ObjectStore {
  const of = (bucket: string): ObjectStore => (own.includes(bucket) ? inner : outer());
  return {
    get: async (ref, signal) => of(ref.bucket).get(ref, signal),
    getBytes: async (ref, signal) => of(ref.bucket).getBytes(ref, signal),
    head: async (ref, signal) => of(ref.bucket).head(ref, signal),
    put: async (ref, body, options) => of(ref.bucket).put(ref, body, options),
    list: (bucket, prefix, options) => of(bucket).list(bucket, prefix, options),
    delete: async (ref, signal) => of(ref.bucket).delete(ref, signal),
  };
}
