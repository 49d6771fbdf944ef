// The promises of ObjectBatch, a part of the ObjectStore contract.
import assert from "node:assert/strict";
import { batchOf } from "../../shared/runtime/object-batch.ts";
import type { ObjectRef, ObjectStore } from "../../shared/ports/object-store.ts";
import { inChunks, keysOf, noise, utf8, type ObjectStoreHarness } from "./object-store-harness.ts";

/** Declares it. `open` gives the store that the surrounding suite has opened for the test. */
export function batchContract(open: () => ObjectStoreHarness): void {
  describe("batch", () => {
    let harness: ObjectStoreHarness;
    let store: ObjectStore;
    const at = (key: string): ObjectRef => ({ bucket: harness.bucket, key });

    beforeEach(() => {
      harness = open();
      store = harness.store;
    });

    it("has its objects whole at once, and announces or overwrites like other puts", async () => {
      await using batch = batchOf(store);
      const contents = Array.from({ length: 300 }, (_, i) => noise(i * 7, `batch ${i}`));

      const puts = await Promise.all(
        contents.map((content, i) => batch.put(at(`parts/batch/${i % 150}`), content)),
      );
      const [early] = await Promise.all([store.getBytes(at("parts/batch/7")), batch.flush()]);

      assert.ok(puts.every(({ created, bytes }, i) => created && bytes === contents[i]!.length));
      assert.equal(early.length, 157 * 7);
      for (const i of [0, 1, 149]) {
        const stored = await store.getBytes(at(`parts/batch/${i}`));
        assert.ok(Buffer.from(stored).equals(contents[i + 150]!), `object ${i}`);
      }
    });

    it("takes streams and large bodies, and may be flushed again", async () => {
      await using batch = batchOf(store);
      const large = noise(1_500_000, "large");

      await batch.put(at("parts/large"), large);
      await batch.flush();
      await batch.put(at("parts/streamed"), inChunks(large, 9_000));
      await batch.flush();

      for (const key of ["parts/large", "parts/streamed"]) {
        assert.ok(Buffer.from(await store.getBytes(at(key))).equals(large));
      }
    });

    it("grows objects that are like others when they are finished, and not there before, or begins none", async () => {
      await using batch = batchOf(store);
      const content = noise(6_000_000, "grown");
      const beginning = batch.begin?.(at("parts/grown"));
      assert.equal(beginning !== undefined, harness.grows ?? false);
      if (!beginning) return;

      await using object = await beginning;
      const chunk = Buffer.alloc(700_000);
      for await (const next of inChunks(content, chunk.length)) {
        chunk.set(next);
        await object.append(chunk.subarray(0, next.length));
      }
      assert.equal(await store.head(at("parts/grown")), undefined);
      const finished = await object.finish();
      await batch.flush();

      const put = await store.put(at("parts/put"), content);
      assert.deepEqual(finished, put);
      assert.ok(Buffer.from(await store.getBytes(at("parts/grown"))).equals(content));
      assert.equal((await store.head(at("parts/grown")))?.etag, put.etag);
    });

    it("leaves nothing of a growing object that is given up, empty or not", async () => {
      await using batch = batchOf(store);
      for (const bytes of [0, 5_000_000]) {
        const object = await batch.begin?.(at("parts/given-up"));
        if (bytes > 0) await object?.append(noise(bytes, "given up"));
        await object?.[Symbol.asyncDispose]();
      }
      await batch.flush();

      assert.deepEqual(await keysOf(store, harness.bucket, "parts/"), []);
    });

    it("can be given up", async () => {
      const batch = batchOf(store);
      await batch.put(at("parts/given-up"), utf8("x"));

      await batch[Symbol.asyncDispose]();
    });
  });
}
