import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { Prng } from "../../../scripts/sample/prng.ts";
import { writeSample, type SampleOptions } from "../../../scripts/sample/write-sample.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

const small = { bytes: 400_000, types: 14, seed: 5, files: 4, compression: "mixed" } as const;

async function textOf(options: SampleOptions): Promise<string[]> {
  const { files } = await writeSample(options);
  return files.map((file) => {
    const bytes = readFileSync(file);
    if (file.endsWith(".gz")) return gunzipSync(bytes).toString();
    return file.endsWith(".zst") ? zstdDecompressSync(bytes).toString() : bytes.toString();
  });
}

describe("sample", () => {
  it("draws the numbers of sfc32", () => {
    // The generator with seed words (0, 0, 0), counter 1, after twelve rounds; computed with a separate implementation in Python.
    const random = new Prng(0);
    assert.deepEqual([random.uint32(), random.uint32(), random.uint32()], [1363572419, 145230303, 808754475]);
  });

  it("writes the same bytes for the same seed and others for another", async () => {
    using dir = tempDir();

    const first = await textOf({ ...small, out: join(dir.path, "a") });
    const again = await textOf({ ...small, out: join(dir.path, "b") });
    const other = await textOf({ ...small, out: join(dir.path, "c"), seed: 6 });

    assert.equal(hash(first), hash(again));
    assert.notEqual(hash(first), hash(other));
  });

  it("reports what JSON.parse finds in the files", async () => {
    using dir = tempDir();
    const counts = await writeSample({ ...small, out: dir.path, compression: "plain", bytes: 2_000_000 });

    const found = { lines: 0, blank: 0, bad: 0, byType: new Map<string, number>() };
    for (const file of counts.files) {
      const lines = readFileSync(file, "utf8").split("\n");
      assert.equal(lines.pop(), "", "a final newline");
      for (const line of lines) {
        found.lines++;
        const type = eventTypeOf(line);
        if (type !== undefined) found.byType.set(type, (found.byType.get(type) ?? 0) + 1);
        else if (line.trim() === "") found.blank++;
        else found.bad++;
      }
    }

    assert.deepEqual(found, {
      lines: counts.lines,
      blank: counts.blank,
      bad: counts.bad,
      byType: counts.byType,
    });
    assert.ok(found.bad > 0 && found.blank > 0);
    assert.equal(found.byType.size, 14);
  });

  it("has a weight that is first an integer, then a decimal, then a text, and CRLF in the third file", async () => {
    using dir = tempDir();
    const texts = await textOf({ ...small, out: dir.path });

    const kinds = texts.map(
      (text) => new Set(Array.from(text.matchAll(/"weight":("?)[0-9]+(\.?)/g), (m) => `${m[1]}${m[2]}`)),
    );
    assert.deepEqual(kinds[0], new Set([""]));
    assert.ok(kinds[3]!.has('"'));
    assert.deepEqual(
      texts.map((text) => text.includes("\r\n")),
      [false, false, true, false],
    );
  });

  it("has every one of five thousand event types", async () => {
    using dir = tempDir();
    const counts = await writeSample({ ...small, out: dir.path, types: 5000, bytes: 3_000_000 });

    assert.equal(counts.byType.size, 5000);
  });
});

function hash(texts: string[]): string {
  return createHash("sha256").update(texts.join("\0")).digest("hex");
}

function eventTypeOf(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return value instanceof Object && "event" in value ? String(value.event) : undefined;
  } catch {
    return undefined;
  }
}
