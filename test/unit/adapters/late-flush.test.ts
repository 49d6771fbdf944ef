import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { LateFlush } from "../../../shared/adapters/local/late-flush.ts";
import { createGroupFlush } from "../../../shared/adapters/local/group-flush.ts";
import { NewNames } from "../../../shared/adapters/local/new-names.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

const MIB = 1024 * 1024;

const isOpen = (file: number): boolean => {
  try {
    fstatSync(file);
    return true;
  } catch {
    return false;
  }
};

describe("LateFlush", () => {
  let dir: ReturnType<typeof tempDir>;
  const lateFlush = (): LateFlush => {
    const flushes = createGroupFlush();
    return new LateFlush(flushes, new NewNames(dir.path, flushes));
  };
  const open = (name: string): number => openSync(`${dir.path}/${name}`, "wx");

  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => dir[Symbol.dispose]());

  it("flushes and closes what it took over", async () => {
    await using late = lateFlush();
    const files = ["a", "b", "c"].map(open);
    for (const file of files) {
      writeSync(file, "x");
      await late.add(file);
    }
    assert.ok(files.every(isOpen));

    await late.flush();

    assert.ok(!files.some(isOpen));
  });

  it("closes a file only when it is not being flushed on the way", async () => {
    await using late = lateFlush();
    const [kept, given] = [open("kept"), open("given up")];
    for (let i = 0; i < 20; i++) {
      late.grew(kept, MIB);
      late.grew(given, MIB);
    }
    const forgetting = late.forget(given);
    assert.ok(isOpen(given));
    await forgetting;
    closeSync(given);
    await late.add(kept);
    late.grew(open("another"), 5 * MIB);

    await late.flush();

    assert.ok(!isOpen(kept));
  });

  it("fails each time once a flush on the way has failed: nobody knows what is on the disk", async () => {
    await using late = lateFlush();
    const file = open("lost");
    closeSync(file);
    late.grew(file, 5 * MIB);
    await late.forget(file);

    await assert.rejects(late.flush(), { code: "EBADF" });
    await assert.rejects(late.flush(), { code: "EBADF" });
  });
});
