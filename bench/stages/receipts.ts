// What comes at the end of a source: shapes taken from the scanner, merged, as text, and the receipt.
import { buildReceipt } from "../../services/splitter/receipt/build-receipt.ts";
import { ShapeTexts } from "../../services/splitter/receipt/shape-texts.ts";
import type { WrittenPart } from "../../services/splitter/parts/part-writer.ts";
import { mergeShape, Shape } from "../../shared/shape/shape.ts";
import { blocksOf, newScanner, scanAll, shapesOf, SOURCE_ID, type Stage } from "./stage.ts";

const MAX_RECEIPT_BYTES = 8 * 1024 * 1024;

export const TAKE_SHAPES: Stage = {
  name: "take shapes",
  what: "one scan, then the shapes out of the scanner's tables: less `scan`, what shapes cost at the end",
  prepare: async (input) => {
    const blocks = await blocksOf(input);
    return async () => {
      const scanner = newScanner(input.config);
      await scanAll(scanner, blocks);
      for (const [, shape] of scanner.lastShapes()) if (!shape) throw new Error("no shape");
    };
  },
};

export const MERGE_SHAPES: Stage = {
  name: "merge shapes",
  what: "the shapes of two threads merged, once a source",
  prepare: async (input) => {
    const shapes = await shapesOf(input);
    const { keys_per_depth: keysPerDepth } = input.config.splitter;
    return () => {
      for (const shape of shapes.values()) {
        const merged = new Shape();
        mergeShape(merged, shape, keysPerDepth);
        mergeShape(merged, shape, keysPerDepth);
      }
    };
  },
};

export const RECEIPT: Stage = {
  name: "receipt",
  what: "shapes as text and the receipt around them, once a source",
  prepare: async (input) => {
    const shapes = await shapesOf(input);
    return async () => {
      const texts = new ShapeTexts(MAX_RECEIPT_BYTES);
      for (const [type, shape] of shapes) await texts.add(type, shape);
      const written = [...shapes.keys()].map((type, sequence) => partOf(type, sequence));
      const rows = written.length;
      const lines = { total: rows, rows, quarantined: 0, dropped: 0, blank: 0, normalised: 0 };
      const built = buildReceipt(HEAD, lines, written, texts, "zstd", MAX_RECEIPT_BYTES);
      Buffer.from(built.text().join(""));
      await built.sidecar?.();
    };
  },
};

const HEAD: Parameters<typeof buildReceipt>[0] = {
  source: {
    id: SOURCE_ID,
    bucket: "local",
    key: "/logs/shop-0001.ndjson.gz",
    etag: "stage",
    last_modified: "2026-01-05T08:00:00.000Z",
    bytes: 1,
  },
  generation: 0,
  attempt: "0".repeat(16),
  lane: "live",
  split_at: "2026-01-05T08:00:00.000Z",
  on_overwrite: "replace",
  state: "split",
};

function partOf(eventType: string, sequence: number): WrittenPart {
  const key = `parts/${SOURCE_ID}/${String(sequence).padStart(6, "0")}.ndjson.zst`;
  const marks = new Map([[eventType, 1]]);
  return { kind: "part", isShared: false, sequence, key, bytes: 1000, lines: 1, rawBytes: 5000, marks };
}
