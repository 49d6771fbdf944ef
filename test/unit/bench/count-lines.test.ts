import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { assertSameCounts, countByType, countLines } from "../../../bench/harness/count-lines.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

describe("countLines", () => {
  it("counts in plain files, in every gzip member and in every zstd frame", async () => {
    using dir = tempDir();
    const file = join(dir.path, "lines");
    const some = Buffer.from("a\nb\n");
    const contents: Buffer[] = [
      some,
      Buffer.concat([gzipSync(some), gzipSync(some), gzipSync("")]),
      Buffer.concat([zstdCompressSync(some), zstdCompressSync(some), zstdCompressSync(some)]),
      Buffer.alloc(0),
    ];

    const counts: number[] = [];
    for (const content of contents) {
      writeFileSync(file, content);
      counts.push(await countLines(file));
    }

    assert.deepEqual(counts, [2, 4, 6, 0]);
  });
});

describe("countByType", () => {
  it("takes the event type from the file's or the folder's name", async () => {
    using dir = tempDir();
    mkdirSync(join(dir.path, "event=a%20b"));
    writeFileSync(join(dir.path, "event=a%20b", "0.csv"), zstdCompressSync("1\n"));
    writeFileSync(join(dir.path, "event=a%20b", "1.csv"), "2\n3\n");
    writeFileSync(join(dir.path, "c.ndjson.gz"), gzipSync("4\n"));

    assert.deepEqual(
      await countByType(dir.path),
      new Map([
        ["a b", 3],
        ["c", 1],
      ]),
    );
  });
});

describe("assertSameCounts", () => {
  it("names the type that lost or gained lines", () => {
    const expected = new Map([["a", 2]]);

    assertSameCounts("x", new Map([["a", 2]]), expected);
    assert.throws(() => assertSameCounts("x", new Map([["a", 1]]), expected), /x: 1 lines of a instead of 2/);
    assert.throws(() => assertSameCounts("x", new Map(), expected), /0 lines of a instead of 2/);
    assert.throws(
      () => assertSameCounts("x", new Map([...expected, ["b", 1]]), expected),
      /1 lines of b instead of 0/,
    );
  });
});
