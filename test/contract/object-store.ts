// The promises of the ObjectStore port (shared/ports/object-store.ts), held against every adapter.
import assert from "node:assert/strict";
import { isRouterError } from "../../shared/errors/router-error.ts";
import type { ObjectRead, ObjectRef, ObjectStore } from "../../shared/ports/object-store.ts";
import { batchContract } from "./object-store-batch.ts";
import { inChunks, keysOf, noise, utf8, type ObjectStoreHarness } from "./object-store-harness.ts";

async function read(object: ObjectRead): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of object.body) chunks.push(new Uint8Array(chunk));
  return new Uint8Array(Buffer.concat(chunks));
}

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield noise(100_000, "z");
  throw new Error("the source broke off");
}

const gone = (error: unknown): boolean => isRouterError(error, "OBJECT_GONE");

/** Declares the suite. `open` gives each test a store of its own. */
export function objectStoreContract(title: string, open: () => Promise<ObjectStoreHarness>): void {
  describe(`ObjectStore contract: ${title}`, () => {
    let harness: ObjectStoreHarness;
    let store: ObjectStore;
    const at = (key: string): ObjectRef => ({ bucket: harness.bucket, key });

    beforeEach(async () => {
      harness = await open();
      store = harness.store;
    });
    afterEach(() => harness[Symbol.asyncDispose]());

    describe("reading what was written", () => {
      for (const bytes of [0, 1, 65_536, 3_000_001]) {
        it(`gives back ${bytes} bytes, with one identity in put, get and head`, async () => {
          const content = noise(bytes, "a");

          const put = await store.put(at("parts/a/000001.ndjson"), content);
          const got = await store.get(at("parts/a/000001.ndjson"));
          const head = await store.head(at("parts/a/000001.ndjson"));

          if (got.whole) assert.deepEqual(Buffer.from(got.whole), Buffer.from(content), "as the body");
          assert.deepEqual(await read(got), content);
          assert.equal(put.created, true);
          assert.deepEqual([put.bytes, got.bytes, head?.bytes], [bytes, bytes, bytes]);
          assert.deepEqual([got.etag, head?.etag], [put.etag, put.etag]);
          assert.match(put.etag, /^[^"]+$/, "unquoted");
          assert.deepEqual([got.key, got.bucket], ["parts/a/000001.ndjson", harness.bucket]);
          assert.deepEqual(head?.lastModified, got.lastModified);
        });
      }

      it("writes the same when nobody asks for the etag", async () => {
        const content = noise(5000, "without");

        const put = await store.put(at("parts/without"), content, { withoutEtag: true });
        const head = await store.head(at("parts/without"));

        assert.deepEqual([put.created, put.bytes], [true, content.length]);
        assert.ok(put.etag === "" || put.etag === head!.etag);
        assert.deepEqual(await store.getBytes(at("parts/without")), content);
      });

      it("takes a body in chunks of any size", async () => {
        const content = noise(300_000, "b");

        await store.put(at("parts/b"), inChunks(content, 777));

        assert.deepEqual(await store.getBytes(at("parts/b")), content);
      });

      it("takes a stream whose chunks are one buffer, filled again and again", async () => {
        const content = noise(1_500_000, "again");
        async function* overwritten(): AsyncGenerator<Uint8Array> {
          const buffer = new Uint8Array(50_000);
          for (let from = 0; from < content.length; from += buffer.length) {
            buffer.set(content.subarray(from, from + buffer.length));
            yield buffer;
            buffer.fill(0);
          }
        }

        await store.put(at("parts/again"), overwritten());

        assert.ok(Buffer.from(await store.getBytes(at("parts/again"))).equals(content));
      });

      it("reads into one buffer, where it offers to", async () => {
        const content = noise(1_000_000, "into");
        await store.put(at("parts/into"), content);
        const { body, bodyInto } = await store.get(at("parts/into"));
        const buffer = new Uint8Array(70_000);
        const chunks: Buffer[] = [];

        for await (const chunk of bodyInto?.(buffer) ?? body) {
          if (bodyInto) assert.equal(chunk.buffer, buffer.buffer);
          chunks.push(Buffer.from(chunk));
        }

        assert.ok(Buffer.concat(chunks).equals(content));
      });

      it("changes the etag when the bytes change, and keeps the last bytes written", async () => {
        const first = await store.put(at("parts/c"), utf8("one"));
        const second = await store.put(at("parts/c"), utf8("two"));

        assert.notEqual(first.etag, second.etag);
        assert.equal((await store.get(at("parts/c"))).etag, second.etag);
        assert.deepEqual(await store.getBytes(at("parts/c")), utf8("two"));
      });

      it("does not change what was stored when the writer goes on using its buffer", async () => {
        const buffer = utf8("first");
        await store.put(at("parts/d"), buffer);
        buffer.fill(0x58);

        assert.deepEqual(await store.getBytes(at("parts/d")), utf8("first"));
      });

      it("gives a reader either all the old bytes or OBJECT_CHANGED when the object is replaced under it", async () => {
        const old = noise(2_000_000, "old");
        await store.put(at("parts/e"), old);
        const reading = await store.get(at("parts/e"));
        await store.put(at("parts/e"), noise(2_000_000, "new"));

        const result = await read(reading).catch((error: unknown) => error);

        if (result instanceof Uint8Array) assert.deepEqual(result, old);
        else assert.ok(isRouterError(result, "OBJECT_CHANGED") && result.retryable, String(result));
      });

      it("lets bodies be left unread or half read", async () => {
        await store.put(at("parts/f"), noise(400_000, "f"));
        for (let i = 0; i < 40; i++) {
          const object = await store.get(at("parts/f"));
          if (i % 2 === 0) for await (const chunk of object.body) if (chunk.length > 0) break;
        }

        assert.equal((await store.getBytes(at("parts/f"))).length, 400_000);
      });
    });

    it("answers while a hundred objects are open that nobody reads yet", async () => {
      const content = noise(300_000, "open");
      await store.put(at("parts/open"), content);
      const signal = AbortSignal.timeout(20_000);

      const opened = await Promise.all(
        Array.from({ length: 100 }, () => store.get(at("parts/open"), signal)),
      );
      await store.put(at("parts/meanwhile"), content, { signal });

      for (const object of opened) assert.ok(Buffer.from(await read(object)).equals(content));
    });

    describe("what is not there", () => {
      it("is OBJECT_GONE for get and getBytes, undefined for head, success for delete", async () => {
        await assert.rejects(store.get(at("receipts/none/0.json")), gone);
        await assert.rejects(store.getBytes(at("receipts/none/0.json")), gone);
        assert.equal(await store.head(at("receipts/none/0.json")), undefined);
        await store.delete(at("receipts/none/0.json"));
      });

      it("is so again after delete", async () => {
        await store.put(at("receipts/x/0.json"), utf8("{}"));
        await store.delete(at("receipts/x/0.json"));

        assert.equal(await store.head(at("receipts/x/0.json")), undefined);
        assert.deepEqual(await keysOf(store, harness.bucket, "receipts/"), []);
      });
    });

    batchContract(() => harness);

    describe("put if absent", () => {
      it("writes once and leaves the first object as it was", async () => {
        const first = await store.put(at("receipts/s/0.json"), utf8("winner"), { ifAbsent: true });
        const second = await store.put(at("receipts/s/0.json"), utf8("loser"), { ifAbsent: true });

        assert.deepEqual([first.created, second.created], [true, false]);
        assert.deepEqual(await store.getBytes(at("receipts/s/0.json")), utf8("winner"));
        assert.equal((await store.head(at("receipts/s/0.json")))?.etag, first.etag);
      });

      for (const form of ["bytes", "stream"] as const) {
        it(`lets exactly one of 20 racing writers win (${form})`, async () => {
          const bodies = Array.from({ length: 20 }, (_, i) => noise(10_000, `racer ${i}`));
          const puts = bodies.map((body) =>
            store.put(at("receipts/r/0.json"), form === "bytes" ? body : inChunks(body, 3000), {
              ifAbsent: true,
            }),
          );

          const results = await Promise.all(puts);

          const winners = results.flatMap((result, i) => (result.created ? [i] : []));
          assert.equal(winners.length, 1);
          assert.deepEqual(await store.getBytes(at("receipts/r/0.json")), bodies[winners[0]!]);
        });
      }

      it("writes again after a delete", async () => {
        await store.put(at("receipts/t/0.json"), utf8("1"), { ifAbsent: true });
        await store.delete(at("receipts/t/0.json"));

        assert.equal((await store.put(at("receipts/t/0.json"), utf8("2"), { ifAbsent: true })).created, true);
      });
    });

    describe("all or nothing", () => {
      it("leaves no object when the body breaks off", async () => {
        await assert.rejects(store.put(at("parts/broken"), breaking()));

        assert.equal(await store.head(at("parts/broken")), undefined);
        assert.deepEqual(await keysOf(store, harness.bucket, ""), []);
      });

      it("leaves the old object when the body of a new one breaks off", async () => {
        await store.put(at("parts/old"), utf8("old"));

        await assert.rejects(store.put(at("parts/old"), breaking()));

        assert.deepEqual(await store.getBytes(at("parts/old")), utf8("old"));
      });

      it("shows nothing until the last byte is in, and nothing after an abort", async () => {
        const abort = new AbortController();
        const started = Promise.withResolvers<void>();
        async function* endless(): AsyncGenerator<Uint8Array> {
          for (let i = 0; ; i++) {
            yield noise(50_000, "e");
            if (i === 3) started.resolve();
            if (i >= 3) await new Promise((resolve) => setTimeout(resolve, 2));
          }
        }

        const put = store.put(at("parts/endless"), endless(), { signal: abort.signal });
        await started.promise;

        assert.equal(await store.head(at("parts/endless")), undefined);
        assert.deepEqual(await keysOf(store, harness.bucket, ""), []);
        abort.abort();
        await assert.rejects(put);
        assert.equal(await store.head(at("parts/endless")), undefined);
        assert.deepEqual(await keysOf(store, harness.bucket, ""), []);
      });

      it("does nothing under a signal that has fired", async () => {
        const signal = AbortSignal.abort();
        await store.put(at("parts/kept"), utf8("kept"));

        await assert.rejects(store.put(at("parts/never"), utf8("x"), { signal }));
        await assert.rejects(store.getBytes(at("parts/kept"), signal));
        await assert.rejects(store.delete(at("parts/kept"), signal));

        assert.deepEqual(await keysOf(store, harness.bucket, ""), ["parts/kept"]);
      });
    });

    describe("listing", () => {
      const keys = [
        "parts/a",
        "parts/a-b",
        "parts/a.b",
        "parts/b/1",
        "parts/b/10",
        "parts/b/2",
        "parts/b0",
        "parts/bb/x/y/z",
        "parts/c/deep/er/k",
        "partsx/a",
      ];

      beforeEach(async () => {
        await Promise.all(keys.toReversed().map((key) => store.put(at(key), utf8(key))));
      });

      it("comes in the order of key bytes", async () => {
        assert.deepEqual(await keysOf(store, harness.bucket, ""), keys);
      });

      for (const prefix of ["parts/", "parts/b", "parts/b/", "parts/b/1", "parts/c/d", "nothing/"]) {
        it(`holds the keys that start with ${prefix}, and no others`, async () => {
          assert.deepEqual(
            await keysOf(store, harness.bucket, prefix),
            keys.filter((key) => key.startsWith(prefix)),
          );
        });
      }

      for (const after of ["parts/a", "parts/a0", "parts/b/10", "parts/b/", "parts/bb", "zzz", "0"]) {
        it(`starts after ${after}`, async () => {
          assert.deepEqual(
            await keysOf(store, harness.bucket, "", after),
            keys.filter((key) => key > after),
          );
        });
      }

      it("tells size and time, and the etag or nothing", async () => {
        for await (const object of store.list(harness.bucket, "parts/a-b")) {
          assert.equal(object.bytes, "parts/a-b".length);
          assert.ok(object.lastModified.getTime() > 0);
          const { etag } = (await store.head(at("parts/a-b")))!;
          assert.ok(object.etag === "" || object.etag === etag);
        }
      });

      it("goes on past a thousand objects", async () => {
        const many = Array.from({ length: 1_050 }, (_, i) => `receipts/${String(i).padStart(5, "0")}.json`);
        for (let from = 0; from < many.length; from += 50) {
          await Promise.all(many.slice(from, from + 50).map((key) => store.put(at(key), utf8("x"))));
        }

        assert.deepEqual(await keysOf(store, harness.bucket, "receipts/"), many);
      });
    });
  });
}
