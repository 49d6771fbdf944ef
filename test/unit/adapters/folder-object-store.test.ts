import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import {
  createFolderObjectStore,
  LOCAL_BUCKET,
  ROUTED_BUCKET,
  type FolderObjectStore,
} from "../../../shared/adapters/local/folder-object-store.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import { compareKeys, etagOf } from "../../../shared/adapters/object-helpers.ts";
import { parseNotification } from "../../../shared/contracts/notification.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import type { Clock } from "../../../shared/ports/clock.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { read, text, withCode } from "./folder-store-helpers.ts";

const routed = (key: string) => ({ bucket: ROUTED_BUCKET, key });

describe("createFolderObjectStore", () => {
  let dir: TempDir;
  let store: FolderObjectStore;
  const local = (name: string) => ({ bucket: LOCAL_BUCKET, key: `${dir.path}/${name}` });

  beforeEach(() => {
    dir = tempDir();
    store = createFolderObjectStore({ root: `${dir.path}/routed` });
  });
  afterEach(() => dir[Symbol.dispose]());

  describe("keys", () => {
    const refused = {
      "above the folder": "../escaped",
      "above the folder, in the middle": "parts/../../escaped",
      "above the folder, at the end": "parts/..",
      "an absolute path": "/etc/passwd",
      "a NUL": "parts/a\0b",
      "an empty key": "",
      "an empty segment": "parts//a",
      "a folder": "parts/",
      "a backslash": "parts\\..\\a",
      "a dot segment": "./parts/a",
      "a lone surrogate": "parts/\ud800",
      "a name of 256 bytes": `parts/${"é".repeat(128)}`,
      "1,025 bytes": "abcd/".repeat(205),
      "the place of unfinished files": ".incoming/a",
    };
    for (const [what, key] of Object.entries(refused)) {
      it(`refuses ${what} in every operation`, async () => {
        const refuses = withCode("OBJECT_KEY_REFUSED");
        await assert.rejects(store.put(routed(key), text("x")), refuses);
        await assert.rejects(store.put(routed(key), text("x"), { ifAbsent: true }), refuses);
        await assert.rejects(store.get(routed(key)), refuses);
        await assert.rejects(store.getBytes(routed(key)), refuses);
        await assert.rejects(store.head(routed(key)), refuses);
        await assert.rejects(store.delete(routed(key)), refuses);
        assert.deepEqual(readdirSync(dir.path), ["routed"]);
      });
    }

    it("writes no file outside its folder, whatever the key", async () => {
      const nasty = fc.array(
        fc.constantFrom("..", ".", "", "a", "/", "\\", "\0", "..a", "...", "%2e%2e", " "),
      );
      await fc.assert(
        fc.asyncProperty(nasty, async (segments) => {
          await store.put(routed(segments.join("/")), text("x")).catch(() => undefined);
          assert.deepEqual(readdirSync(dir.path), ["routed"]);
        }),
      );
    });

    it("takes hostile names that are plain names", async () => {
      for (const key of ["__proto__", 'parts/it\'s "quoted"', "a b+c=é %2e", "..a/...", "-rf", "new\nline"]) {
        await store.put(routed(key), text(key));
        assert.equal(Buffer.from(await store.getBytes(routed(key))).toString(), key);
      }
    });

    it("refuses a key whose way leads through an object, and one that is a folder", async () => {
      await store.put(routed("parts/a"), text("x"));

      for (const ifAbsent of [false, true]) {
        await assert.rejects(
          store.put(routed("parts/a/b"), text("y"), { ifAbsent }),
          withCode("OBJECT_KEY_REFUSED"),
        );
        await assert.rejects(
          store.put(routed("parts"), text("y"), { ifAbsent }),
          withCode("OBJECT_KEY_REFUSED"),
        );
      }
      await assert.rejects(store.get(routed("parts/a/b")), withCode("OBJECT_GONE"));
      await assert.rejects(store.get(routed("parts")), withCode("OBJECT_KEY_REFUSED"));
    });

    it("knows no other buckets", async () => {
      await assert.rejects(store.get({ bucket: "other", key: "a" }), withCode("OBJECT_GONE"));
      await assert.rejects(store.put({ bucket: "__proto__", key: "a" }, text("x")), withCode("OBJECT_GONE"));
    });
  });

  describe("bucket local", () => {
    it("is read by absolute path, the ETag being the hash of the stored bytes", async () => {
      writeFileSync(`${dir.path}/it's "odd".log`, "content");

      const object = await store.get(local(`it's "odd".log`));

      assert.equal(object.etag, etagOf(text("content")));
      assert.match(object.etag, /^[0-9a-f]{32}$/);
      assert.equal(await read(object), "content");
    });

    it("is read only", async () => {
      await assert.rejects(store.put(local("new"), text("x")), withCode("ACCESS_DENIED"));
      writeFileSync(`${dir.path}/kept`, "x");
      await assert.rejects(store.delete(local("kept")), withCode("ACCESS_DENIED"));
      assert.equal(await read(await store.get(local("kept"))), "x");
    });

    it("refuses relative paths, folders and FIFOs without waiting for a writer", async () => {
      execFileSync("mkfifo", [`${dir.path}/fifo`]);

      await assert.rejects(
        store.get({ bucket: LOCAL_BUCKET, key: "etc/passwd" }),
        withCode("OBJECT_KEY_REFUSED"),
      );
      await assert.rejects(
        store.get({ bucket: LOCAL_BUCKET, key: `${dir.path}/../x` }),
        withCode("OBJECT_KEY_REFUSED"),
      );
      await assert.rejects(store.get(local("routed")), withCode("OBJECT_KEY_REFUSED"));
      await assert.rejects(store.get(local("fifo")), withCode("OBJECT_KEY_REFUSED"));
    });

    it("lists the files below a folder or with a prefix, symbolic links left out", async () => {
      mkdirSync(`${dir.path}/logs/deep`, { recursive: true });
      for (const name of ["b.log", "a.log", "deep/c.log"]) writeFileSync(`${dir.path}/logs/${name}`, name);
      symlinkSync(`${dir.path}/logs/a.log`, `${dir.path}/logs/link.log`);

      const keys = async (prefix: string): Promise<string[]> => {
        const found: string[] = [];
        for await (const { key } of store.list(LOCAL_BUCKET, `${dir.path}/${prefix}`)) found.push(key);
        return found.map((key) => key.slice(dir.path.length + 1));
      };

      assert.deepEqual(await keys("logs/"), ["logs/a.log", "logs/b.log", "logs/deep/c.log"]);
      assert.deepEqual(await keys("logs/d"), ["logs/deep/c.log"]);
    });
  });

  describe("unfinished files", () => {
    it("of a writer that was killed are never seen, and are removed after a day", async () => {
      const script = `
        const { createFolderObjectStore } = await import(${JSON.stringify(import.meta.resolve("../../../shared/adapters/local/folder-object-store.ts"))});
        const store = createFolderObjectStore({ root: ${JSON.stringify(`${dir.path}/routed`)} });
        async function* endless() { for (;;) { yield Buffer.alloc(100_000, "x"); console.log("written"); } }
        await store.put({ bucket: "routed", key: "parts/a" }, endless(), { ifAbsent: true });`;
      const writer = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(writer.stdout, "data");
      writer.kill("SIGKILL");
      await once(writer, "exit");

      assert.equal(await store.head(routed("parts/a")), undefined);
      assert.equal((await Array.fromAsync(store.list(ROUTED_BUCKET, ""))).length, 0);
      assert.equal(readdirSync(`${dir.path}/routed/.incoming`).length, 1);
      const nextDay: Clock = { ...systemClock, now: () => new Date(Date.now() + 25 * 3_600_000) };
      await store.put(routed("parts/b"), text("x"));
      assert.equal(readdirSync(`${dir.path}/routed/.incoming`).length, 1, "it may still be at work");
      await createFolderObjectStore({ root: `${dir.path}/routed`, clock: nextDay }).put(
        routed("parts/b"),
        text("x"),
      );
      assert.deepEqual(readdirSync(`${dir.path}/routed/.incoming`), []);
    });

    it("of puts that ended are gone", async () => {
      await store.put(routed("a"), text("x"), { ifAbsent: true });
      await store.put(routed("a"), text("y"), { ifAbsent: true });
      await store.put(routed("a"), text("z"));

      assert.deepEqual(readdirSync(`${dir.path}/routed/.incoming`), []);
      assert.equal((await readFile(`${dir.path}/routed/a`)).toString(), "z");
    });
  });

  it("removes folders that a delete has emptied, also while others write into them", async () => {
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        await store.put(routed(`parts/s/a/${i % 3}`), text("x"));
        await store.delete(routed(`parts/s/a/${i % 3}`));
      }),
    );

    assert.deepEqual(readdirSync(`${dir.path}/routed`), [".incoming"]);
  });

  it("announces what is put under a prefix, once, as S3 would", async () => {
    const queue = new MemoryQueue();
    const announcing = createFolderObjectStore({
      root: `${dir.path}/routed`,
      notify: [{ bucket: ROUTED_BUCKET, prefix: "receipts/", queue }],
    });
    await announcing.put(routed("parts/a"), text("x"));
    const { etag } = await announcing.put(routed("receipts/s+1/0.json"), text("{}"), {
      ifAbsent: true,
      withoutEtag: true,
    });
    await announcing.put(routed("receipts/s+1/0.json"), text("{ }"), { ifAbsent: true });

    const [delivery, ...others] = await queue.receive(10, 1_000);

    assert.equal(others.length, 0);
    assert.equal(etag, etagOf(text("{}")));
    assert.deepEqual(parseNotification(delivery!.message.body), {
      kind: "objects",
      objects: [{ bucket: ROUTED_BUCKET, key: "receipts/s+1/0.json", bytes: 2, etag }],
      ignored: 0,
    });
  });

  it("lists folders of any size, and lets others have their turn meanwhile", async () => {
    const small = Array.from({ length: 450 }, (_, n) => `s${String(n).padStart(4, "0")}`);
    const large = small.map((name) => `${name}-${"x".repeat(200)}`);
    for (const [folder, names] of Object.entries({ small, large })) {
      mkdirSync(`${dir.path}/routed/${folder}`, { recursive: true });
      for (const name of names) writeFileSync(`${dir.path}/routed/${folder}/${name}`, "x");
      let turns = 0;
      const others = setImmediate(() => turns++);
      const listed = await Array.fromAsync(store.list(ROUTED_BUCKET, `${folder}/`));
      clearImmediate(others);

      assert.deepEqual(
        listed.map(({ key }) => key),
        names.map((name) => `${folder}/${name}`),
      );
      assert.equal(turns, 1);
    }
  });

  it("lists any keys in the order of their bytes, from any start and with any prefix", async () => {
    const name = fc.string({
      unit: fc.constantFrom("a", "b", "-", ".", "0", "é", "\uffee", "😀"),
      minLength: 1,
      maxLength: 3,
    });
    const segment = name.filter((s) => s !== "." && s !== "..");
    const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join("/"));
    const runs = Number(process.env["FC_RUNS"] ?? 40);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 15 }), key, key, async (keys, prefix, startAfter) => {
        using own = tempDir();
        const folder = createFolderObjectStore({ root: own.path });
        const stored: string[] = [];
        for (const one of keys) {
          // A name cannot be a file and a folder; S3 has no such rule, and the adapter refuses.
          await folder.put(routed(one), text("x")).then(
            () => stored.push(one),
            (error) => assert.ok(isRouterError(error, "OBJECT_KEY_REFUSED")),
          );
        }
        for (const [given, after] of [
          ["", undefined],
          [prefix, undefined],
          ["", startAfter],
          [prefix.slice(0, 1), startAfter],
        ] as const) {
          const options = after === undefined ? {} : { startAfter: after };
          const listed = await Array.fromAsync(
            folder.list(ROUTED_BUCKET, given, options),
            (object) => object.key,
          );
          const expected = stored.filter(
            (one) => one.startsWith(given) && (!after || compareKeys(one, after) > 0),
          );
          assert.deepEqual(listed, expected.sort(compareKeys));
        }
      }),
      { numRuns: runs },
    );
  });
});
