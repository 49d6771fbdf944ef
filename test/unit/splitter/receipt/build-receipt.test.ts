import assert from "node:assert/strict";
import { zstdDecompressSync } from "node:zlib";
import { MemoryObjectStore } from "../../../../shared/adapters/memory/memory-object-store.ts";
import {
  receiptSchema,
  shapesSidecarSchema,
  type Receipt,
  type ReceiptPart,
} from "../../../../shared/contracts/receipt.ts";
import { isRouterError } from "../../../../shared/errors/router-error.ts";
import { shapeToJson } from "../../../../shared/shape/shape-json.ts";
import { Shape } from "../../../../shared/shape/shape.ts";
import type { WrittenPart } from "../../../../services/splitter/parts/part-writer.ts";
import {
  buildReceipt,
  MAX_RECEIPT_BYTES,
  type BuiltReceipt,
  type LineCounts,
  type ReceiptHead,
} from "../../../../services/splitter/receipt/build-receipt.ts";
import { commitReceipt, latestReceipt } from "../../../../services/splitter/receipt/commit-receipt.ts";
import { ShapeTexts } from "../../../../services/splitter/receipt/shape-texts.ts";

const id = "0123456789abcdef0123456789abcdef";
const head: ReceiptHead = {
  source: { id, bucket: "logs", key: "a", etag: "e", last_modified: "2026-01-01T00:00:00.000Z", bytes: 10 },
  generation: 0,
  attempt: "0123456789abcdef",
  lane: "live",
  split_at: "2026-01-01T00:00:01.000Z",
  on_overwrite: "replace",
  state: "split",
};
const part = (eventType: string | undefined, lines: number, sequence: number): WrittenPart => ({
  kind: eventType === undefined ? "quarantine" : "part",
  isShared: false,
  sequence,
  key: `parts/${sequence}`,
  bytes: 5,
  lines,
  rawBytes: 50,
  marks: new Map([[eventType ?? "invalid_json", lines]]),
});
const shape = (): Shape => {
  const made = new Shape();
  made.objects = 1;
  made.keys = new Map([["__proto__", new Shape()]]);
  made.keys.get("__proto__")!.booleans = 1;
  return made;
};
const counts = (rows: number, quarantined: number, blank = 0): LineCounts => ({
  total: rows + quarantined + blank,
  rows,
  quarantined,
  dropped: 0,
  blank,
  normalised: 0,
});
const written = [part("a", 3, 0), part("b", 1, 1), part("a", 2, 2), part(undefined, 4, 0)];
const shapeTexts = async (maxBytes = MAX_RECEIPT_BYTES): Promise<ShapeTexts> => {
  const texts = new ShapeTexts(maxBytes);
  for (const eventType of ["a", "b"]) await texts.add(eventType, shape());
  return texts;
};
const shapes = await shapeTexts();

const build = (attempt: string, generation: number): BuiltReceipt =>
  buildReceipt({ ...head, attempt, generation }, counts(6, 4), written, shapes, "zstd");
const parsed = (built: BuiltReceipt): Receipt => receiptSchema.parse(JSON.parse(built.text().join("")));
const withoutShape = ({ types, ...entry }: ReceiptPart): ReceiptPart => ({
  ...entry,
  types: types.map(({ event_type, lines }) => ({ event_type, lines })),
});

describe("buildReceipt", () => {
  it("puts the shape of a type at its first part, and the reasons at the quarantine object", () => {
    const built = buildReceipt(head, counts(6, 4, 1), written, shapes, "zstd");
    const receipt = parsed(built);

    assert.deepEqual(built.receipt, { ...receipt, parts: receipt.parts.map(withoutShape) });
    assert.deepEqual(receipt.parts[1]!.types[0]!.shape, shapeToJson(shape()));
    assert.deepEqual(
      receipt.parts.map((entry) => [entry.types[0]!.event_type, entry.types[0]!.shape !== undefined]),
      [
        ["a", true],
        ["b", true],
        ["a", false],
      ],
    );
    assert.deepEqual(receipt.quarantine, [
      { key: "parts/0", bytes: 5, lines: 4, reasons: { invalid_json: 4 } },
    ]);
    assert.equal(built.sidecar, undefined);
  });

  it("is valid without parts and without quarantine", () => {
    const receipt = parsed(buildReceipt(head, counts(0, 0, 2), [], new ShapeTexts(100), "zstd"));

    assert.deepEqual([receipt.parts, receipt.quarantine, receipt.lines.total], [[], [], 2]);
  });

  const broken: [string, LineCounts][] = [
    ["the total is not the sum", { ...counts(6, 4), total: 11 }],
    ["fewer rows were written", counts(7, 4)],
    ["more were quarantined", counts(6, 3)],
  ];
  for (const [what, lines] of broken) {
    it(`throws when ${what}`, () => {
      assert.throws(
        () => buildReceipt(head, lines, written, shapes, "zstd"),
        (error) => isRouterError(error, "ACCOUNTING_BROKEN"),
      );
    });
  }

  const tooLarge: [string, number, number][] = [
    ["the receipt would be too large", MAX_RECEIPT_BYTES, 100],
    ["the first shape alone is", 1, 100],
    ["the shapes together are", Buffer.byteLength(JSON.stringify(shapeToJson(shape()))), 100],
  ];
  for (const [what, maxShapes, maxBytes] of tooLarge) {
    it(`moves the shapes to a sidecar, written first, when ${what}`, async () => {
      const store = new MemoryObjectStore();
      const signal = new AbortController().signal;
      const built = buildReceipt(head, counts(6, 4), written, await shapeTexts(maxShapes), "zstd", maxBytes);

      const committed = await commitReceipt(store, "routed", built, signal);

      assert.equal(committed.isOurs, true);
      const sidecar = await store.getBytes({ bucket: "routed", key: committed.receipt.shapes!.key });
      assert.equal(sidecar.length, committed.receipt.shapes!.bytes);
      const { shapes: entries } = shapesSidecarSchema.parse(
        JSON.parse(zstdDecompressSync(sidecar).toString()),
      );
      assert.deepEqual(
        entries,
        ["a", "b"].map((event_type) => ({ event_type, shape: shapeToJson(shape()) })),
      );
      assert.deepEqual(
        await latestReceipt(store, "routed", id, signal).then((found) => found?.receipt),
        committed.receipt,
      );
    });
  }

  it("commits once: the second reads the first one's receipt; the latest generation is found", async () => {
    const store = new MemoryObjectStore();
    const signal = new AbortController().signal;

    await commitReceipt(store, "routed", build("000000000000000a", 0), signal);
    const second = await commitReceipt(store, "routed", build("000000000000000b", 0), signal);
    for (const generation of [2, 10, 9])
      await commitReceipt(store, "routed", build("000000000000000c", generation), signal);

    assert.deepEqual([second.isOurs, second.receipt.attempt], [false, "000000000000000a"]);
    assert.equal((await latestReceipt(store, "routed", id, signal))?.receipt.generation, 10);
  });
});
