import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { receiptKey, shapesKey } from "../../../shared/contracts/keys.ts";
import type { Receipt } from "../../../shared/contracts/receipt.ts";
import { latestReceipt, listReceipts } from "../../../shared/receipts/list-receipts.ts";
import { readPartLines } from "../../../shared/receipts/read-part.ts";
import { parseReceipt, readReceipt } from "../../../shared/receipts/read-receipt.ts";
import { readShapes } from "../../../shared/receipts/read-shapes.ts";
import { unitsOf } from "../../../shared/receipts/receipt-units.ts";
import { shapeFromJson, shapeToJson } from "../../../shared/shape/shape-json.ts";
import { shapeOfJson } from "../../../shared/shape/shape-of-json.ts";
import { BUCKET, putSource } from "../loader/harness.ts";

const bytesOf = (json: unknown): Uint8Array => Buffer.from(JSON.stringify(json));

describe("receipts", () => {
  let store: MemoryObjectStore;
  let receipt: Receipt;
  let key: string;

  beforeEach(async () => {
    store = new MemoryObjectStore();
    const types = { a: ['{"x":1}', '{"x":2}', '{"x":3}'], ["__proto__"]: ['{"__proto__":1}'] };
    ({ receipt, receiptKey: key } = await putSource(store, { key: "/a", types, linesPerPart: 2 }));
  });

  it("are read as they were written", async () => {
    assert.deepEqual(await readReceipt(store, BUCKET, key), receipt);
  });

  it("give units over several parts, by types and not by keys", () => {
    const [first] = receipt.parts;
    const mixed = {
      ...first!,
      key: "parts/mixed",
      types: [
        { event_type: "a", lines: 4 },
        { event_type: "b", lines: 5 },
      ],
    };
    const units = unitsOf({ ...receipt, parts: [...receipt.parts, mixed] });

    assert.deepEqual(
      units.map(({ eventType, lines, parts }) => [eventType, lines, parts.map((part) => part.lines)]),
      [
        ["a", 7, [2, 1, 4]],
        ["__proto__", 1, [1]],
        ["b", 5, [5]],
      ],
    );
    assert.deepEqual(
      units.map(({ parts }) => parts.map((part) => part.mixedLines)),
      [[undefined, undefined, 9], [undefined], [9]],
    );
  });

  it("have no units when they are failed or ignored", () => {
    assert.deepEqual(unitsOf({ ...receipt, state: "failed" }), []);
  });

  const faults: [string, (receipt: Receipt) => unknown, RegExp][] = [
    ["another format", (r) => ({ ...r, format: "x" }), /its format is not log-router\/receipt/],
    ["no object", () => [], /its format is not/],
    ["an unknown member", (r) => ({ ...r, more: 1 }), /more/],
    [
      "lines that do not add up",
      (r) => ({ ...r, lines: { ...r.lines, blank: 1 } }),
      /4 lines are not 4 \+ 0 \+ 0 \+ 1/,
    ],
    [
      "parts that do not add up",
      (r) => ({ ...r, parts: r.parts.slice(1) }),
      /its parts have 2 lines, promised are 4/,
    ],
    ["a part twice", (r) => ({ ...r, parts: [r.parts[0], r.parts[0]] }), /names the part .* twice/],
    ["another generation", (r) => ({ ...r, generation: 1 }), /it is the receipt of .*, generation 1/],
  ];
  for (const [what, change, message] of faults) {
    it(`are refused for good with ${what}`, () => {
      const check = { code: "RECEIPT_INVALID", retryable: false, message };
      assert.throws(() => parseReceipt(bytesOf(change(receipt)), key), check);
    });
  }

  it("are refused for good when they are no JSON, or no UTF-8", () => {
    for (const bytes of [Buffer.from("{"), Buffer.from([0xff])]) {
      assert.throws(() => parseReceipt(bytes, key), { code: "RECEIPT_INVALID", retryable: false });
    }
  });

  it("of an unknown version may be read by a newer program", () => {
    assert.throws(() => parseReceipt(bytesOf({ ...receipt, version: 7 }), key), {
      code: "RECEIPT_INVALID",
      retryable: true,
      message: /has version 7; this program reads version 1/,
    });
  });

  it("bring their shapes at the first part of a type", async () => {
    const shapes = await readShapes(store, BUCKET, receipt);

    assert.deepEqual([...shapes.keys()], ["a", "__proto__"]);
    assert.equal(shapeFromJson(shapes.get("a")!).keys!.get("x")!.integers!.count, 3);
  });

  it("bring their shapes in a sidecar, keys named __proto__ included", async () => {
    const shape = shapeToJson(shapeOfJson('{"__proto__":{"__proto__":1}}', [9, 9, 9]));
    const sidecar = { format: "log-router/shapes", version: 1, shapes: [{ event_type: "a", shape }] };
    const at = shapesKey(receipt.source.id, receipt.attempt);
    await store.put({ bucket: BUCKET, key: at }, zstdCompressSync(JSON.stringify(sidecar)));
    const parts = receipt.parts.map((part) => ({
      ...part,
      types: [{ event_type: "a", lines: part.types[0]!.lines }],
    }));

    const shapes = await readShapes(store, BUCKET, { ...receipt, parts, shapes: { key: at, bytes: 1 } });

    const inner = shapeFromJson(shapes.get("a")!).keys!.get("__proto__")!;
    assert.equal(inner.keys!.get("__proto__")!.integers!.count, 1);
  });

  it("without a shape for a type are refused", async () => {
    const parts = receipt.parts.map((part) => ({ ...part, types: [{ event_type: "a", lines: 1 }] }));

    await assert.rejects(readShapes(store, BUCKET, { ...receipt, parts }), { code: "RECEIPT_INVALID" });
  });

  it("are listed by source, and the latest generation is told by number", async () => {
    for (const generation of [2, 10]) {
      const next = { ...receipt, generation };
      await store.put({ bucket: BUCKET, key: receiptKey(receipt.source.id, generation) }, bytesOf(next));
    }
    await store.put({ bucket: BUCKET, key: "receipts/readme.txt" }, bytesOf({}));

    const listed = await Array.fromAsync(listReceipts(store, BUCKET));

    assert.deepEqual(
      listed.map(({ generation }) => generation),
      [0, 10, 2],
    );
    assert.equal((await latestReceipt(store, BUCKET, receipt.source.id))!.generation, 10);
    assert.equal(await latestReceipt(store, BUCKET, "0".repeat(32)), undefined);
  });
});

const SMALL = "a\n".repeat(100);
const LARGE = Array.from({ length: 5_000 }, () => `${randomBytes(30).toString("hex")}\n`).join("");
const SMALL_AS_STORED = "a\n".repeat(1_000_000);

describe("parts", () => {
  it("are read over all of their frames, lines cut anywhere", async () => {
    const store = new MemoryObjectStore();
    const lines = Array.from({ length: 5_000 }, (_, n) => JSON.stringify({ n, text: "é".repeat(n % 90) }));
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    const frames = [0, 1, 7, 40_001, 40_002, 200_000].map((from, at, cuts) =>
      text.subarray(from, cuts[at + 1]),
    );
    await store.put(
      { bucket: BUCKET, key: "p" },
      Buffer.concat(frames.map((frame) => zstdCompressSync(frame))),
    );

    const read = await Array.fromAsync(readPartLines(store, BUCKET, { key: "p", compression: "zstd" }));

    assert.deepEqual(read.map(String), lines);
  });

  it("are read alike whether they are small, large, or small only as stored", async () => {
    const store = new MemoryObjectStore();
    for (const text of [SMALL, LARGE, SMALL_AS_STORED]) {
      const half = text.length / 2;
      const frames = [text.slice(0, half), "", text.slice(half)].map((frame) => zstdCompressSync(frame));
      await store.put({ bucket: BUCKET, key: "p" }, Buffer.concat(frames));

      const read = await Array.fromAsync(readPartLines(store, BUCKET, { key: "p", compression: "zstd" }));

      assert.equal(read.map((line) => `${line.toString()}\n`).join(""), text);
    }
  });

  it("with something behind their last frame are reported", async () => {
    const store = new MemoryObjectStore();
    for (const text of [SMALL, LARGE]) {
      for (const compression of ["zstd", "gzip"] as const) {
        const whole = compression === "zstd" ? zstdCompressSync(text) : gzipSync(text);
        await store.put({ bucket: BUCKET, key: "p" }, Buffer.concat([whole, Buffer.from("more")]));

        await assert.rejects(Array.fromAsync(readPartLines(store, BUCKET, { key: "p", compression })), {
          code: "SOURCE_CORRUPT",
        });
      }
    }
  });

  it("that break off are reported", async () => {
    const store = new MemoryObjectStore();
    for (const text of [SMALL, LARGE, SMALL_AS_STORED]) {
      await store.put({ bucket: BUCKET, key: "p" }, zstdCompressSync(text).subarray(0, -3));

      await assert.rejects(Array.fromAsync(readPartLines(store, BUCKET, { key: "p", compression: "zstd" })), {
        code: "SOURCE_CORRUPT",
      });
    }
  });
});
