// An object store that does not tell of new objects by itself (or tells queues that this process does not see), made to announce its puts.
import type { Clock } from "../ports/clock.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { announcePut, type NotifyRule } from "./object-helpers.ts";

/** Puts that fit a rule are announced on its queue once they are durable; everything else is `store`'s. */
export function announcing(store: ObjectStore, rules: readonly NotifyRule[], clock: Clock): ObjectStore {
  return {
    get: (ref, signal) => store.get(ref, signal),
    getBytes: (ref, signal) => store.getBytes(ref, signal),
    head: (ref, signal) => store.head(ref, signal),
    list: (bucket, prefix, options) => store.list(bucket, prefix, options),
    delete: (ref, signal) => store.delete(ref, signal),
    async put(ref, body, options) {
      const result = await store.put(ref, body, options);
      if (result.created)
        await announcePut(rules, { ...ref, bytes: result.bytes, etag: result.etag, at: clock.now() });
      return result;
    },
  };
}
