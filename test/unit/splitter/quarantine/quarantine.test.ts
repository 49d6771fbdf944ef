import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import {
  QUARANTINE_PIECE_BYTES,
  quarantineRecordSchema,
  readQuarantine,
} from "../../../../shared/contracts/quarantine.ts";
import { isRouterError } from "../../../../shared/errors/router-error.ts";
import { QuarantineWriter } from "../../../../services/splitter/quarantine/quarantine-writer.ts";

/** Keeps what a stream would get. */
class Kept {
  readonly texts: Uint8Array[] = [];
  lines = 0;
  isWhole = true;
  append(bytes: Uint8Array, lines: number, _mark: string | undefined, isWhole: boolean): void {
    this.texts.push(bytes.slice());
    this.lines += lines;
    this.isWhole = isWhole;
  }
}

function writerInto(kept: Kept): QuarantineWriter {
  return new QuarantineWriter(() => kept);
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: Uint8Array, maxBytes?: number, size = 1000) {
  const lines = [];
  for await (const line of readQuarantine(chunked(bytes, size), maxBytes)) lines.push(line);
  return lines;
}

describe("quarantine", () => {
  it("gives back every line with its bytes, however long and however it came", async () => {
    const lineLength = fc.oneof(fc.nat(200), fc.nat(3 * QUARANTINE_PIECE_BYTES));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(lineLength, fc.nat(5)), { maxLength: 6 }), async (lines) => {
        const kept = new Kept();
        const writer = writerInto(kept);
        const expected = lines.map(([length, cuts], i) => {
          const raw = Buffer.alloc(length, i + 200);
          const step = Math.ceil((length + 1) / (cuts + 1));
          const base = {
            kind: "bad" as const,
            line: i + 1,
            offset: i,
            reason: "line_too_long" as const,
            detail: "d",
          };
          for (let at = 0; at <= length; at += step) {
            writer.addPiece({ ...base, bytes: raw.subarray(at, at + step), isLast: at + step > length });
          }
          return raw;
        });

        const stored = Buffer.concat(kept.texts.map((text) => zstdCompressSync(text)));
        const found = await readAll(stored, Infinity);

        assert.deepEqual(
          found.map((line) => line.line),
          expected.map((_, i) => i + 1),
        );
        found.forEach((line, i) => assert.equal(Buffer.from(line.raw).equals(expected[i]!), true));
        assert.equal(kept.lines, lines.length);
        assert.equal(kept.isWhole, true);
        assert.equal(writer.lines, lines.length);
      }),
      { numRuns: Number(process.env["FC_RUNS"] ?? 15) },
    );
  });

  it("cuts a line at the same bytes however it came, and every record keeps the contract", () => {
    const raw = Buffer.alloc(2 * QUARANTINE_PIECE_BYTES + 5, "x");
    const base = { kind: "bad" as const, line: 1, offset: 0, reason: "not_framed" as const, detail: "" };
    const texts = [1, 3, 100].map((pieces) => {
      const kept = new Kept();
      const writer = writerInto(kept);
      const step = Math.ceil(raw.length / pieces);
      for (let i = 0; i < pieces; i++) {
        writer.addPiece({ ...base, bytes: raw.subarray(i * step, (i + 1) * step), isLast: i === pieces - 1 });
      }
      return Buffer.concat(kept.texts).toString();
    });

    assert.equal(texts[1], texts[0]);
    assert.equal(texts[2], texts[0]);
    const records = texts[0]!
      .trimEnd()
      .split("\n")
      .map((text) => quarantineRecordSchema.parse(JSON.parse(text)));
    assert.deepEqual(
      records.map(({ piece, last, bytes }) => [piece, last, bytes]),
      [
        [0, false, QUARANTINE_PIECE_BYTES],
        [1, false, QUARANTINE_PIECE_BYTES],
        [2, true, 5],
      ],
    );
  });

  it("keeps only the start of a line that is longer than asked for", async () => {
    const kept = new Kept();
    const writer = writerInto(kept);
    writer.add({ line: 3, offset: 9, reason: "invalid_json", detail: "x", raw: Buffer.alloc(900_000, "a") });
    writer.add({ line: 4, offset: 10, reason: "invalid_json", detail: "x", raw: Buffer.from("b") });

    const lines = await readAll(zstdCompressSync(Buffer.concat(kept.texts)), 10);

    assert.deepEqual(
      lines.map(({ line, bytes, raw }) => [line, bytes, Buffer.from(raw).toString()]),
      [
        [3, 900_000, "a".repeat(10)],
        [4, 1, "b"],
      ],
    );
  });

  for (const [what, stored] of [
    ["no zstd", Buffer.from("hello")],
    ["no record", zstdCompressSync("{}\n")],
    ["no JSON", zstdCompressSync("{\n")],
  ] as const) {
    it(`refuses an object that is ${what}`, async () => {
      await assert.rejects(readAll(stored), (error) => isRouterError(error, "RECEIPT_INVALID"));
    });
  }
});
