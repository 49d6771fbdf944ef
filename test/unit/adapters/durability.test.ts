// What a power failure would leave: a model of a disk that has only what was flushed, in the state in which it was when the flush began. Whatever
// has been named durable must be on it, and a name never stands for bytes that are not.
import assert from "node:assert/strict";
import { fstatSync, fsyncSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import {
  createFolderObjectStore,
  ROUTED_BUCKET,
} from "../../../shared/adapters/local/folder-object-store.ts";
import { batchOf } from "../../../shared/runtime/object-batch.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

const MAX_DELAY_MS = 3;

class DiskModel {
  readonly #top: string;
  /** Names in folders, and bytes of files, by inode, as they were when a flush that has ended began. */
  readonly #names = new Map<number, Set<string>>();
  readonly #bytes = new Map<number, number>();

  /** Everything below `top` counts. */
  constructor(top: string) {
    this.#top = top;
  }

  readonly flush = async (file: number): Promise<void> => {
    const stats = fstatSync(file);
    const names = stats.isDirectory() ? this.#namesOf(stats.ino) : undefined;
    await setTimeout(Math.random() * MAX_DELAY_MS);
    fsyncSync(file);
    if (names) this.#names.set(stats.ino, new Set([...(this.#names.get(stats.ino) ?? []), ...names]));
    else this.#bytes.set(stats.ino, stats.size);
  };

  /** Throws unless the file is there, whole, after a power failure. */
  assertDurable(path: string, bytes: number): void {
    assert.equal(this.#bytes.get(statSync(path).ino), bytes, `bytes of ${path}`);
    for (let at = path; at !== this.#top; at = dirname(at)) {
      const names = this.#names.get(statSync(dirname(at)).ino);
      assert.ok(names?.has(nameIn(at)), `the name ${at} is on the disk`);
    }
  }

  /** Throws when a power failure may leave a name below the folder whose bytes are missing. */
  assertNoEmptyName(folder: string): void {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const stats = statSync(join(folder, name));
      if (stats.isFile()) assert.equal(this.#bytes.get(stats.ino), stats.size, `bytes of ${name}`);
    }
  }

  #namesOf(inode: number): readonly string[] {
    const find = (folder: string): string | undefined => {
      if (statSync(folder).ino === inode) return folder;
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const found = entry.isDirectory() ? find(join(folder, entry.name)) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    };
    const folder = find(this.#top);
    if (folder === undefined) return [];
    return readdirSync(folder).map((name) => nameIn(join(folder, name)));
  }
}

/** A name as it stands in a folder: for one file or folder. */
function nameIn(path: string): string {
  const { ino, birthtimeMs } = statSync(path);
  return `${basename(path)} ${ino} ${birthtimeMs}`;
}

describe("objects in a folder after a power failure", () => {
  it("are there, with all folders on the way, once they are named durable, whoever made the folders", async () => {
    const source = fc.record({
      parts: fc.array(fc.constantFrom("parts/a", "parts/b-0", "parts/c/d/e", "quarantine/x/y/0", "f"), {
        minLength: 1,
        maxLength: 3,
      }),
      receipt: fc.constantFrom("receipts/1/0.json", "receipts/1/1.json", "receipts/2/0.json"),
      delay: fc.nat(4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(source, { minLength: 1, maxLength: 12 }), async (sources) => {
        using dir = tempDir();
        mkdirSync(join(dir.path, "top"));
        const top = join(dir.path, "top");
        const root = join(top, "data/made/routed");
        // The command makes its data folder itself.
        mkdirSync(join(top, "data"));
        const disk = new DiskModel(top);
        const store = createFolderObjectStore({ root, flush: disk.flush });
        const body = (length: number): Buffer => Buffer.alloc(length, "x");

        await Promise.all(
          sources.map(async ({ parts, receipt, delay }, index) => {
            await setTimeout(delay);
            await using batch = batchOf(store);
            const put = parts.map((part) => ({ bucket: ROUTED_BUCKET, key: `${part}-${index}` }));
            for (const ref of put) await batch.put(ref, body(10 + index));
            await batch.flush();
            for (const { key } of put) disk.assertDurable(join(root, key), 10 + index);

            const ref = { bucket: ROUTED_BUCKET, key: receipt };
            const { created } = await store.put(ref, body(100), { ifAbsent: true });
            // The loser relies on the winner's.
            disk.assertDurable(join(root, receipt), 100);
            disk.assertNoEmptyName(join(root, "receipts"));
            return created;
          }),
        );
      }),
      { numRuns: Number(process.env["FC_RUNS"] ?? 40) },
    );
  });

  it("are flushed again with their folder when that was removed and made anew", async () => {
    using dir = tempDir();
    const disk = new DiskModel(dir.path);
    const root = join(dir.path, "routed");
    const store = createFolderObjectStore({ root, flush: disk.flush });
    const ref = { bucket: ROUTED_BUCKET, key: "parts/a" };
    for (let i = 0; i < 3; i++) {
      await store.put(ref, Buffer.from("x"));
      disk.assertDurable(join(root, "parts/a"), 1);
      await store.delete(ref);
    }
  });

  it("are not taken for durable by a flush that began before their folder was made anew", async () => {
    using dir = tempDir();
    const disk = new DiskModel(dir.path);
    const root = join(dir.path, "routed");
    const held: (() => void)[] = [];
    let holds = true;
    const flush = async (file: number): Promise<void> => {
      const isRoot = fstatSync(file).ino === statSync(root).ino;
      const isFirst = held.length === 0;
      // The first flush of the root has seen it and does not end yet, those that follow do not begin.
      if (isFirst || !isRoot) await disk.flush(file);
      if (isRoot && holds) await new Promise<void>((release) => held.push(release));
      if (isRoot && !isFirst) await disk.flush(file);
    };
    const isHeld = async (count: number): Promise<void> => {
      while (held.length < count) await setTimeout(1);
    };
    const store = createFolderObjectStore({ root, flush });
    const refOf = (name: string) => ({ bucket: ROUTED_BUCKET, key: `parts/${name}` });
    const first = store.put(refOf("a"), Buffer.from("x"));
    await isHeld(1);
    // The folder goes with it.
    await store.delete(refOf("a"));
    const second = store.put(refOf("b"), Buffer.from("x"));
    await isHeld(2);
    held[0]!();
    await first;
    holds = false;

    await store.put(refOf("c"), Buffer.from("x"));

    disk.assertDurable(join(root, "parts/c"), 1);
    for (const release of held) release();
    await second;
  });

  it("are named durable below a folder that this process may not read, not below one that could not be flushed", async () => {
    for (const [code, isFine] of [
      ["EACCES", true],
      ["EIO", false],
    ] as const) {
      using dir = tempDir();
      const above = statSync(dir.path).ino;
      const store = createFolderObjectStore({
        root: join(dir.path, "routed"),
        flush: async (file) => {
          if (fstatSync(file).ino === above) throw Object.assign(new Error("on purpose"), { code });
        },
      });

      const putting = store.put({ bucket: ROUTED_BUCKET, key: "receipts/1/0.json" }, Buffer.from("x"));

      const [{ status }] = await Promise.allSettled([putting]);
      assert.equal(status, isFine ? "fulfilled" : "rejected");
    }
  });

  it("are not named durable when a folder could not be flushed", async () => {
    using dir = tempDir();
    const root = join(dir.path, "routed");
    let failing = true;
    const flush = async (file: number): Promise<void> => {
      if (failing && fstatSync(file).isDirectory()) throw Object.assign(new Error("disk"), { code: "EIO" });
    };
    const store = createFolderObjectStore({ root, flush });
    const ref = { bucket: ROUTED_BUCKET, key: "receipts/1/0.json" };

    await assert.rejects(store.put(ref, Buffer.from("x"), { ifAbsent: true }));
    await using batch = batchOf(store);
    await batch.put({ bucket: ROUTED_BUCKET, key: "parts/a" }, Buffer.from("x"));
    await assert.rejects(batch.flush());
    await assert.rejects(batch.flush());
    failing = false;
    await batch.flush();

    assert.equal(readFileSync(join(root, "parts/a"), "utf8"), "x");
  });
});
