import assert from "node:assert/strict";
import { closeSync, fstatSync, mkdirSync, openSync, statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { createGroupFlush } from "../../../shared/adapters/local/group-flush.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

/** Flushes that end when they are told to. */
class HeldFlushes {
  readonly begun: { readonly inode: number; readonly end: (error?: Error) => void }[] = [];

  readonly flush = (file: number): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.begun.push({
      inode: fstatSync(file).ino,
      end: (error) => (error ? reject(error) : resolve()),
    });
    return promise;
  };
}

/** Long enough for everything that waits for nothing else. */
async function idle(): Promise<void> {
  for (let i = 0; i < 5; i++) await setImmediate();
}

describe("createGroupFlush", () => {
  let dir: ReturnType<typeof tempDir>;
  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => dir[Symbol.dispose]());

  it("flushes a folder once for all who ask before it begins, and again for those who ask later", async () => {
    const held = new HeldFlushes();
    const flushes = createGroupFlush(held.flush);
    let done = 0;
    const ask = (): void => void flushes.directory(dir.path).then(() => done++);
    for (let i = 0; i < 10; i++) ask();
    await idle();
    assert.equal(held.begun.length, 1);
    ask();
    ask();
    await idle();
    // Those two may have made their names after the first flush had begun.
    assert.deepEqual([held.begun.length, done], [2, 0]);
    for (let i = 0; i < 10; i++) ask();
    await idle();
    assert.deepEqual([held.begun.length, done], [2, 0], "two groups are under way, a third gathers");

    held.begun[0]!.end();
    await idle();

    assert.deepEqual([held.begun.length, done], [3, 10]);
    held.begun[2]!.end();
    await idle();
    assert.equal(done, 20);
    held.begun[1]!.end();
    await idle();
    assert.equal(done, 22);
  });

  it("tells each of its own flush alone, and of its failure", async () => {
    const held = new HeldFlushes();
    const flushes = createGroupFlush(held.flush);
    mkdirSync(`${dir.path}/folder`);
    const file = openSync(`${dir.path}/file`, "wx");
    const seen: string[] = [];
    const say = (what: string) => [() => seen.push(what), () => seen.push(`no ${what}`)] as const;
    void flushes.file(file).then(...say("file"));
    void flushes.directory(`${dir.path}/folder`).then(...say("folder"));
    await idle();
    assert.deepEqual(
      held.begun.map(({ inode }) => inode),
      [fstatSync(file).ino, statSync(`${dir.path}/folder`).ino],
    );

    held.begun[0]!.end(new Error("disk"));
    await idle();
    assert.deepEqual(seen, ["no file"]);
    held.begun[1]!.end();
    await idle();
    assert.deepEqual(seen, ["no file", "folder"]);

    // What failed does not stand in the way of the next ones.
    void flushes.file(file).then(...say("again"));
    await idle();
    held.begun[2]!.end();
    await idle();
    assert.equal(seen.at(-1), "again");
    closeSync(file);
  });

  it("takes a folder that has gone, and one of a file system that cannot flush folders, as flushed", async () => {
    const cannot = createGroupFlush(() => Promise.reject(Object.assign(new Error("no"), { code: "EINVAL" })));

    await createGroupFlush().directory(`${dir.path}/gone`);
    await cannot.directory(dir.path);
    const file = openSync(`${dir.path}/file`, "wx");
    await assert.rejects(cannot.file(file), { code: "EINVAL" });
    closeSync(file);
  });
});
