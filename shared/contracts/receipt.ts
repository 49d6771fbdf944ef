// The receipt: what the splitter promises about one generation of one source object, written last by one put-if-absent and
// immutable. The loader works from it alone; audit compares it with the ledger. Contract version 1, documented in docs/contracts.md.
import { z } from "zod";
import { RECEIPT_FORMAT, RECEIPT_VERSION } from "./formats.ts";
import { isShape } from "./is-shape.ts";
import { shapeSchema, type ShapeJson } from "./shape.ts";
import { QUARANTINE_REASONS } from "./words.ts";

export { RECEIPT_FORMAT, RECEIPT_VERSION };

const count = z.int().min(0);
const hex32 = z.string().regex(/^[0-9a-f]{32}$/);

export const sourceSchema = z.strictObject({
  id: hex32.describe("Identity of the source object: hash of bucket, decoded key and ETag"),
  bucket: z.string(),
  key: z.string().describe("Decoded key; in bucket `local` the real absolute path"),
  etag: z.string().describe("Unquoted ETag of the GET response the bytes came from"),
  version_id: z.string().optional(),
  last_modified: z.iso.datetime(),
  bytes: count.describe("Size as stored (compressed)"),
});

export const quarantineObjectSchema = z.strictObject({
  key: z.string(),
  bytes: count,
  lines: z.int().min(1),
  reasons: z.partialRecord(z.enum(QUARANTINE_REASONS), z.int().min(1)),
});

function partsWith(shape: z.ZodType<ShapeJson>) {
  const type = z.strictObject({
    event_type: z.string(),
    lines: z.int().min(1),
    shape: shape
      .optional()
      .describe(
        "Shape of all lines of this event type in this receipt; stands at the type's first part, unless the shapes are in the sidecar",
      ),
  });
  const part = z.strictObject({
    key: z.string(),
    bytes: count.describe("Size as stored (compressed)"),
    raw_bytes: count.describe("Size uncompressed"),
    compression: z.enum(["zstd", "gzip"]),
    types: z.array(type).min(1),
  });
  return z.array(part);
}

/** All but the parts. */
const members = {
  format: z.literal(RECEIPT_FORMAT),
  version: z.literal(RECEIPT_VERSION),
  source: sourceSchema,
  generation: count,
  attempt: z.string().regex(/^[0-9a-f]{16}$/),
  lane: z.enum(["live", "backfill"]),
  split_at: z.iso.datetime(),
  on_overwrite: z.enum(["replace", "append", "ignore"]).default("replace"),
  state: z
    .enum(["split", "failed", "ignored"])
    .describe("split: every line accounted for. failed: the bytes are corrupt, nothing is loaded"),
  salvaged: z
    .literal(true)
    .optional()
    .describe("The bytes break off; the whole lines before the break are in the parts"),
  returned: z
    .literal(true)
    .optional()
    .describe(
      "This generation was written because the same content came back (its last-modified is later than the last receipt's); it is loaded only if the source had been replaced",
    ),
  failure: z
    .strictObject({
      code: z.string(),
      message: z.string(),
      after_line: count.describe("Whole lines before the break"),
      after_byte: count.describe("Uncompressed bytes before the break"),
    })
    .optional(),
  lines: z
    .strictObject({
      total: count,
      rows: count.describe("Lines promised to the warehouse: the sum over the parts"),
      quarantined: count,
      dropped: count,
      blank: count,
      normalised: count.describe("Of the rows, how many lines were rewritten by the slow path"),
    })
    .describe("total = rows + quarantined + dropped + blank"),
  quarantine: z.array(quarantineObjectSchema),
};

function receiptWith(shape: z.ZodType<ShapeJson>) {
  return z.strictObject({
    ...members,
    parts: partsWith(shape),
    shapes: z
      .strictObject({ key: z.string(), bytes: count })
      .optional()
      .describe("Sidecar with the shapes by part and type, when the receipt would pass 8 MiB"),
  });
}

export const receiptSchema = receiptWith(shapeSchema).meta({ id: "Receipt" });

export type Receipt = z.infer<typeof receiptSchema>;
export type ReceiptPart = Receipt["parts"][number];
export type ReceiptSource = z.infer<typeof sourceSchema>;
export type ReceiptQuarantine = z.infer<typeof quarantineObjectSchema>;

function sidecarWith(shape: z.ZodType<ShapeJson>) {
  return z.strictObject({
    format: z.literal("log-router/shapes"),
    version: z.literal(1),
    shapes: z.array(z.strictObject({ event_type: z.string(), shape })),
  });
}

/** Sidecar, a zstd-compressed JSON object: the shape of each event type of the receipt. */
export const shapesSidecarSchema = sidecarWith(shapeSchema).meta({ id: "ShapesSidecar" });

export type ShapesSidecar = z.infer<typeof shapesSidecarSchema>;

// What nearly every receipt is read with: they give the same in a tenth of the time. What they refuse may still be good (is-shape.ts).
const quickShape = z.custom<ShapeJson>(isShape);
const quickReceipt = receiptWith(quickShape);
const quickSidecar = sidecarWith(quickShape);

/** As `receiptSchema.safeParse`, but what it gives has the shapes of `json` itself. */
export function checkReceipt(json: unknown): z.ZodSafeParseResult<Receipt> {
  const quick = quickReceipt.safeParse(json);
  return quick.success ? quick : receiptSchema.safeParse(json);
}

/** As `shapesSidecarSchema.safeParse`, but what it gives has the shapes of `json` itself. */
export function checkShapesSidecar(json: unknown): z.ZodSafeParseResult<ShapesSidecar> {
  const quick = quickSidecar.safeParse(json);
  return quick.success ? quick : shapesSidecarSchema.safeParse(json);
}
