// The receipt of an attempt, from what was written: shapes at each event type's first part, or in a sidecar when the receipt grew too large.
import {
  RECEIPT_FORMAT,
  RECEIPT_VERSION,
  type Receipt,
  type ReceiptPart,
  type ReceiptQuarantine,
  type ShapesSidecar,
} from "../../../shared/contracts/receipt.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { Shape } from "../../../shared/shape/shape.ts";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import type { Codec } from "../parts/compressor.ts";
import type { WrittenPart } from "../parts/part-writer.ts";

/** Above this the shapes go into the sidecar (DESIGN.md 3). */
export const MAX_RECEIPT_BYTES = 8 * 1024 * 1024;

export type ReceiptHead = Omit<Receipt, "format" | "version" | "lines" | "quarantine" | "parts" | "shapes">;

/** Every line of the source, by what became of it. */
export interface LineCounts {
  total: number;
  rows: number;
  quarantined: number;
  dropped: number;
  blank: number;
  normalised: number;
}

export interface BuiltReceipt {
  readonly receipt: Receipt;
  readonly sidecar: ShapesSidecar | undefined;
}

/**
 * Throws ACCOUNTING_BROKEN when the counts do not add up, within themselves or with what was written. `maxBytes` is the size from which on
 * the shapes are taken out.
 */
export function buildReceipt(
  head: ReceiptHead,
  lines: LineCounts,
  written: readonly WrittenPart[],
  shapes: ReadonlyMap<string, Shape>,
  codec: Codec,
  maxBytes = MAX_RECEIPT_BYTES,
): BuiltReceipt {
  checkAccounting(head, lines, written);
  const parts = written.filter((part) => part.eventType !== undefined);
  const base = {
    format: RECEIPT_FORMAT,
    version: RECEIPT_VERSION,
    ...head,
    lines: { ...lines },
    quarantine: written.filter((part) => part.eventType === undefined).map(quarantineOf),
  } as const;
  const receipt: Receipt = { ...base, parts: partsOf(parts, shapes, codec) };
  if (Buffer.byteLength(JSON.stringify(receipt)) <= maxBytes) return { receipt, sidecar: undefined };
  return {
    receipt: { ...base, parts: partsOf(parts, new Map(), codec) },
    sidecar: {
      format: "log-router/shapes",
      version: 1,
      shapes: [...shapes].map(([event_type, shape]) => ({ event_type, shape: shapeToJson(shape) })),
    },
  };
}

function partsOf(
  parts: readonly WrittenPart[],
  shapes: ReadonlyMap<string, Shape>,
  codec: Codec,
): ReceiptPart[] {
  const described = new Set<string>();
  return parts.map(({ eventType, key, bytes, rawBytes, lines }) => {
    const name = eventType!;
    const shape = described.has(name) ? undefined : shapes.get(name);
    described.add(name);
    const type = { event_type: name, lines, ...(shape ? { shape: shapeToJson(shape) } : {}) };
    return { key, bytes, raw_bytes: rawBytes, compression: codec, types: [type] };
  });
}

function quarantineOf({ key, bytes, lines, marks }: WrittenPart): ReceiptQuarantine {
  return { key, bytes, lines, reasons: Object.fromEntries(marks) };
}

function checkAccounting(head: ReceiptHead, lines: LineCounts, written: readonly WrittenPart[]): void {
  const sum = (isQuarantine: boolean): number =>
    written.reduce((n, part) => n + ((part.eventType === undefined) === isQuarantine ? part.lines : 0), 0);
  const isBalanced = lines.total === lines.rows + lines.quarantined + lines.dropped + lines.blank;
  if (isBalanced && sum(false) === lines.rows && sum(true) === lines.quarantined) return;
  throw new RouterError(
    "ACCOUNTING_BROKEN",
    `The lines of ${head.source.key} do not add up: ${JSON.stringify(lines)}, written ${sum(false)} rows and ${sum(true)} quarantined. No receipt was written; this is a defect, please report it.`,
    { details: { bucket: head.source.bucket, key: head.source.key, ...lines } },
  );
}
