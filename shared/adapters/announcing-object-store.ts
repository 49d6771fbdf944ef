// An object store that does not tell of new objects by itself (or tells queues that this process does not see), made to announce its puts.
import type { Clock } from "../ports/clock.ts";
import type { ObjectRef, ObjectStore, PutResult } from "../ports/object-store.ts";
import { batchOf } from "../runtime/object-batch.ts";
import { announcePut, type NotifyRule } from "./object-helpers.ts";

/** Puts that fit a rule are announced on its queue once they are durable; everything else is `store`'s. */
export function announcing(store: ObjectStore, rules: readonly NotifyRule[], clock: Clock): ObjectStore {
  const announce = async (ref: ObjectRef, { bytes, etag }: PutResult): Promise<void> =>
    announcePut(rules, { ...ref, bytes, etag, at: clock.now() });
  return {
    get: (ref, signal) => store.get(ref, signal),
    getBytes: (ref, signal) => store.getBytes(ref, signal),
    head: (ref, signal) => store.head(ref, signal),
    list: (bucket, prefix, options) => store.list(bucket, prefix, options),
    delete: (ref, signal) => store.delete(ref, signal),
    async put(ref, body, options) {
      const result = await store.put(ref, body, { ...options, withoutEtag: false });
      if (result.created) await announce(ref, result);
      return result;
    },
    batch() {
      const batch = batchOf(store);
      const put: (() => Promise<void>)[] = [];
      const announced = (ref: ObjectRef, result: PutResult): PutResult => {
        if (result.created) put.push(() => announce(ref, result));
        return result;
      };
      return {
        put: async (ref, body, options) =>
          announced(ref, await batch.put(ref, body, { ...options, withoutEtag: false })),
        begin: (ref) =>
          batch.begin?.(ref)?.then((object) => ({
            append: async (bytes) => object.append(bytes),
            finish: async () => announced(ref, await object.finish()),
            [Symbol.asyncDispose]: async () => object[Symbol.asyncDispose](),
          })),
        async flush() {
          await batch.flush();
          for (const announceIt of put.splice(0)) await announceIt();
        },
        [Symbol.asyncDispose]: async () => batch[Symbol.asyncDispose](),
      };
    },
  };
}
