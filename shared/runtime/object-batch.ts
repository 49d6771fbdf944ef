// Batches of any object store.
import type { ObjectBatch, ObjectStore } from "../ports/object-store.ts";

/** The store's own batch, or one whose objects are durable as soon as they are put. */
export function batchOf(store: Pick<ObjectStore, "put" | "batch">): ObjectBatch {
  return (
    store.batch?.() ?? {
      put: (ref, body, options) => store.put(ref, body, options),
      flush: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  );
}
