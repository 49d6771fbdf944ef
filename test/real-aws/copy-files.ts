// How COPY reads objects: frames and members behind the first, the largest line, defaults of columns that are left out.
import assert from "node:assert/strict";
import { createZstdCompress, gzipSync, zstdCompressSync } from "node:zlib";
import { buffer } from "node:stream/consumers";
import type { OfTrial } from "./suite.ts";

/** Longest line that the splitter writes, in bytes, each `|` counted twice (DESIGN.md 3). */
const MAX_LINE_BYTES = 4_000_000;

const LINES = 500;
const linesFrom = (first: number): Buffer =>
  Buffer.from(Array.from({ length: LINES }, (_, at) => `{"n":${first + at}}\n`).join(""));

/** Frames written in one call say how long they are, streamed ones do not. */
async function streamedFrame(bytes: Buffer): Promise<Buffer> {
  const stream = createZstdCompress();
  stream.end(bytes);
  return buffer(stream);
}

export function copyFiles(trial: OfTrial): void {
  describe("COPY of files", () => {
    let files: string;

    before(async () => {
      files = `${trial().schema}.files`;
      await trial().run(`CREATE TABLE ${files} (n BIGINT, loaded_at TIMESTAMPTZ NOT NULL DEFAULT SYSDATE)`);
    });
    beforeEach(() => trial().run(`DELETE FROM ${files}`));

    const copy = (from: string, compression: string): string =>
      `COPY ${files} (n) FROM '${from}' ${trial().credentials} MANIFEST FORMAT JSON 'auto' ${compression} COMPUPDATE OFF`;

    async function assertAll(objects: readonly string[], compression: string, lines: number): Promise<void> {
      const manifest = await trial().manifest(`${compression}.manifest`, objects);
      const [copied] = await trial().transaction(copy(manifest, compression), "SELECT pg_last_copy_count()");
      const [found] = await trial().rows(`SELECT COUNT(*), COUNT(DISTINCT n), MAX(n) FROM ${files}`);
      assert.deepEqual(found?.map(Number), [lines, lines, lines - 1]);
      assert.equal(Number(copied?.[0]), lines);
    }

    it("reads every frame of a zstd object", async () => {
      const frames = [
        zstdCompressSync(linesFrom(0)),
        await streamedFrame(linesFrom(LINES)),
        zstdCompressSync(linesFrom(2 * LINES)),
      ];
      await assertAll([await trial().put("frames.ndjson.zst", Buffer.concat(frames))], "ZSTD", 3 * LINES);
    });

    it("reads every member of a gzip object", async () => {
      const members = [0, 1, 2].map((at) => gzipSync(linesFrom(at * LINES)));
      await assertAll([await trial().put("members.ndjson.gz", Buffer.concat(members))], "GZIP", 3 * LINES);
    });

    it("reads a zstd object of a single frame, and several objects in one statement", async () => {
      const single = await trial().put("single.ndjson.zst", zstdCompressSync(linesFrom(0)));
      const streamed = await trial().put("streamed.ndjson.zst", await streamedFrame(linesFrom(LINES)));
      await assertAll([single, streamed], "ZSTD", 2 * LINES);
    });

    it("gives a column that is left out the SYSDATE of the transaction, as the ledger's rows have it", async () => {
      const object = await trial().put("one.ndjson.zst", zstdCompressSync(linesFrom(0)));
      const manifest = await trial().manifest("one.manifest", [object]);
      const [row] = await trial().transaction(
        "SET timezone TO 'UTC'",
        // Time passes before the COPY.
        `SELECT COUNT(*) FROM svv_tables`,
        copy(manifest, "ZSTD"),
        `INSERT INTO ${files} (n, loaded_at) SELECT -1, SYSDATE`,
        `SELECT COUNT(*), SUM(CASE WHEN loaded_at = CAST(SYSDATE AS TIMESTAMPTZ) THEN 1 ELSE 0 END) FROM ${files}`,
      );
      const [stored] = await trial().rows(`SELECT COUNT(DISTINCT loaded_at), COUNT(*) FROM ${files}`);
      assert.deepEqual(row?.map(Number), [LINES + 1, LINES + 1]);
      assert.deepEqual(stored?.map(Number), [1, LINES + 1]);
    });

    it("takes the longest line that the splitter writes", async () => {
      const table = `${trial().schema}.long_lines`;
      await trial().run(`CREATE TABLE ${table} (n BIGINT, doc SUPER)`);
      const lines = ["x", "|"].map((character) => lineOf(character, MAX_LINE_BYTES));
      const object = await trial().put("long.ndjson.zst", zstdCompressSync(Buffer.from(lines.join("\n"))));
      const manifest = await trial().manifest("long.manifest", [object]);
      await trial().transaction(
        `COPY ${table} (n, doc) FROM '${manifest}' ${trial().credentials} MANIFEST FORMAT JSON 'auto' ZSTD COMPUPDATE OFF`,
      );
      const [row] = await trial().rows(`SELECT COUNT(*), MIN(GET_ARRAY_LENGTH(doc)) FROM ${table}`);
      assert.equal(Number(row?.[0]), 2);
      assert.ok(Number(row?.[1]) > 30);
    });
  });
}

/** A document of that many bytes, each `|` counted twice, of strings that SUPER takes. */
function lineOf(character: string, bytes: number): string {
  const weight = character === "|" ? 2 : 1;
  const piece = `"${character.repeat(60_000)}",`;
  const [head, tail] = ['{"n":1,"doc":[', '""]}'];
  const full = Math.floor((bytes - head.length - tail.length) / (60_000 * weight + 3));
  const rest = bytes - head.length - tail.length - full * (60_000 * weight + 3);
  return `${head}${piece.repeat(full)}"${"y".repeat(rest)}${tail.slice(1)}`;
}
