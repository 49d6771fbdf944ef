// Two object stores as one: the buckets of the machine itself, and all others.
import type { ObjectBatch, ObjectRef, ObjectStore } from "../ports/object-store.ts";
import { batchOf } from "../runtime/object-batch.ts";

/** Objects of the buckets in `own` are in `inner`, all others in what `outer` gives, which is asked for when the first one is needed. */
export function byBucket(own: readonly string[], inner: ObjectStore, outer: () => ObjectStore): ObjectStore {
  const of = (bucket: string): ObjectStore => (own.includes(bucket) ? inner : outer());
  return {
    get: async (ref, signal) => of(ref.bucket).get(ref, signal),
    getBytes: async (ref, signal) => of(ref.bucket).getBytes(ref, signal),
    head: async (ref, signal) => of(ref.bucket).head(ref, signal),
    put: async (ref, body, options) => of(ref.bucket).put(ref, body, options),
    list: (bucket, prefix, options) => of(bucket).list(bucket, prefix, options),
    batch: () => byBucketBatch((bucket) => batchOf(of(bucket)), own),
    delete: async (ref, signal) => of(ref.bucket).delete(ref, signal),
  };
}

/** A batch of each store that gets objects. */
function byBucketBatch(open: (bucket: string) => ObjectBatch, own: readonly string[]): ObjectBatch {
  const batches = new Map<boolean, ObjectBatch>();
  const all = (work: (batch: ObjectBatch) => Promise<unknown>) =>
    Promise.all([...batches.values()].map(work));
  const batchFor = ({ bucket }: ObjectRef): ObjectBatch => {
    const isOwn = own.includes(bucket);
    let batch = batches.get(isOwn);
    if (!batch) batches.set(isOwn, (batch = open(bucket)));
    return batch;
  };
  return {
    put: async (ref, body, options) => batchFor(ref).put(ref, body, options),
    begin: (ref) => batchFor(ref).begin?.(ref),
    async flush() {
      await all((batch) => batch.flush());
    },
    async [Symbol.asyncDispose]() {
      await all((batch) => Promise.resolve(batch[Symbol.asyncDispose]()));
    },
  };
}
