import assert from "node:assert/strict";
import { appendFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import {
  createFolderObjectStore,
  LOCAL_BUCKET,
  type FolderObjectStore,
} from "../../../shared/adapters/local/folder-object-store.ts";
import { SqliteEtagCache } from "../../../shared/adapters/local/etag-cache.ts";
import { etagOf } from "../../../shared/adapters/object-helpers.ts";
import type { Clock } from "../../../shared/ports/clock.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { read, text, withCode } from "./folder-store-helpers.ts";

/** Ten seconds ahead: files written a moment ago count as long unchanged. */
const laterClock: Clock = { ...systemClock, now: () => new Date(Date.now() + 10_000) };

describe("the folder store", () => {
  let dir: TempDir;
  let store: FolderObjectStore;
  const local = (name: string) => ({ bucket: LOCAL_BUCKET, key: `${dir.path}/${name}` });

  beforeEach(() => {
    dir = tempDir();
    store = createFolderObjectStore({ root: `${dir.path}/routed` });
  });
  afterEach(() => dir[Symbol.dispose]());

  describe("a file that changes", () => {
    const big = Buffer.alloc(3_000_000, "a");

    it("by growing after it was opened is OBJECT_CHANGED", async () => {
      writeFileSync(`${dir.path}/f`, big);
      const object = await store.get(local("f"));
      appendFileSync(`${dir.path}/f`, "more");

      await assert.rejects(read(object), withCode("OBJECT_CHANGED"));
    });

    it("by being replaced with equal size and time stamp is OBJECT_CHANGED", async () => {
      writeFileSync(`${dir.path}/f`, big);
      utimesSync(`${dir.path}/f`, 1_000, 1_000);
      const object = await store.get(local("f"));
      writeFileSync(`${dir.path}/g`, Buffer.alloc(3_000_000, "b"));
      utimesSync(`${dir.path}/g`, 1_000, 1_000);
      renameSync(`${dir.path}/g`, `${dir.path}/f`);

      await assert.rejects(read(object), withCode("OBJECT_CHANGED"));
    });

    it("by being shortened in the middle of the reading is OBJECT_CHANGED", async () => {
      writeFileSync(`${dir.path}/f`, big);
      const object = await store.get(local("f"));
      let bytes = 0;

      await assert.rejects(async () => {
        for await (const chunk of object.body) {
          bytes += chunk.length;
          writeFileSync(`${dir.path}/f`, "short");
        }
      }, withCode("OBJECT_CHANGED"));
      assert.ok(bytes < big.length);
    });

    it("within the resolution of time stamps is found by its hash", async () => {
      writeFileSync(`${dir.path}/f`, big);
      const before = await store.get(local("f"));
      // As good as a change that leaves no trace: the ETag that the cache gives belongs to other bytes.
      const cache = {
        get: () => etagOf(text("other")),
        put: () => undefined,
        forget: () => void forgotten++,
      };
      let forgotten = 0;
      const cached = createFolderObjectStore({ root: `${dir.path}/routed`, etagCache: cache });

      const object = await cached.get(local("f"));
      await assert.rejects(read(object), withCode("OBJECT_CHANGED"));

      assert.equal(forgotten, 1);
      assert.equal(await read(before), big.toString());
    });

    it("and is small has been read at once, as it was", async () => {
      writeFileSync(`${dir.path}/f`, "first");
      const object = await store.get(local("f"));
      writeFileSync(`${dir.path}/f`, "other");

      assert.equal(await read(object), "first");
      assert.equal(object.etag, etagOf(text("first")));
    });

    it("by disappearing is OBJECT_GONE", async () => {
      writeFileSync(`${dir.path}/f`, big);
      const object = await store.get(local("f"));
      renameSync(`${dir.path}/f`, `${dir.path}/elsewhere`);

      await assert.rejects(read(object), withCode("OBJECT_GONE"));
    });

    it("is not read twice from one body", async () => {
      writeFileSync(`${dir.path}/f`, "x");
      const object = await store.get(local("f"));
      await read(object);

      await assert.rejects(read(object), withCode("INTERNAL"));
    });
  });

  describe("the memory of ETags", () => {
    it("spares the hashing of files that have not changed, across openings", async () => {
      writeFileSync(`${dir.path}/f`, "content");
      for (let opening = 0; opening < 2; opening++) {
        using cache = new SqliteEtagCache(`${dir.path}/etags`, new Date());
        const spy = { get: cache.get.bind(cache), put: () => void puts++, forget: () => undefined };
        let puts = 0;
        const remembering = createFolderObjectStore({
          root: `${dir.path}/routed`,
          etagCache: opening === 0 ? cache : spy,
          clock: laterClock,
        });

        const object = await remembering.get(local("f"));

        assert.equal(object.etag, etagOf(text("content")));
        assert.equal(await read(object), "content");
        assert.equal(puts, 0, "the second time it was known");
      }
    });

    it("does not hold for a file changed in the last two seconds, nor after any change", async () => {
      using cache = new SqliteEtagCache(`${dir.path}/etags`, new Date());
      const hot = createFolderObjectStore({ root: `${dir.path}/routed`, etagCache: cache });
      const cold = createFolderObjectStore({
        root: `${dir.path}/routed`,
        etagCache: cache,
        clock: laterClock,
      });
      const etags: string[] = [];
      for (const [at, content] of [
        [hot, "aaa"],
        [hot, "bbb"],
        [cold, "ccc"],
        [cold, "ddd"],
      ] as const) {
        writeFileSync(`${dir.path}/f`, content);
        utimesSync(`${dir.path}/f`, 1_000, 1_000);
        etags.push((await at.get(local("f"))).etag);
      }

      assert.deepEqual(
        etags,
        ["aaa", "bbb", "ccc", "ddd"].map((content) => etagOf(text(content))),
      );
    });

    it("that cannot be used is the same as none", async () => {
      writeFileSync(`${dir.path}/broken`, "this is no database ".repeat(100));
      writeFileSync(`${dir.path}/f`, "content");
      for (const file of ["broken", "no/such/folder/etags"]) {
        using cache = new SqliteEtagCache(`${dir.path}/${file}`, new Date());
        const remembering = createFolderObjectStore({
          root: `${dir.path}/routed`,
          etagCache: cache,
          clock: laterClock,
        });

        assert.equal(await read(await remembering.get(local("f"))), "content");
      }
    });
  });
});
