// The receipt of an attempt, from what was written: shapes at each event type's first part, or in a sidecar when the receipt grew too large.
import { RECEIPT_FORMAT, RECEIPT_VERSION } from "../../../shared/contracts/formats.ts";
import type { Receipt, ReceiptPart, ReceiptQuarantine } from "../../../shared/contracts/receipt.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { Codec } from "../parts/compressor.ts";
import type { WrittenPart } from "../parts/part-writer.ts";
import type { Shapes } from "./shape-texts.ts";

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

/** Bytes are UTF-8. */
export type TextPiece = string | Uint8Array;

export interface BuiltReceipt {
  /** Without shapes: they are in the text alone. */
  readonly receipt: Receipt;
  /** The receipt's text in pieces, for the key and size of its sidecar if it needs one. */
  text(sidecar?: Receipt["shapes"]): readonly TextPiece[];
  /** The sidecar's bytes, when the shapes do not fit the receipt. */
  readonly sidecar: (() => Promise<Uint8Array>) | undefined;
}

/**
 * Throws ACCOUNTING_BROKEN when the counts do not add up, within themselves or with what was written. `maxBytes` is the size from which on
 * the shapes are taken out.
 */
export function buildReceipt(
  head: ReceiptHead,
  lines: LineCounts,
  written: readonly WrittenPart[],
  shapes: Shapes,
  codec: Codec,
  maxBytes = MAX_RECEIPT_BYTES,
): BuiltReceipt {
  checkAccounting(head, lines, written);
  const receipt: Receipt = {
    format: RECEIPT_FORMAT,
    version: RECEIPT_VERSION,
    ...head,
    lines: { ...lines },
    quarantine: written.filter(({ kind }) => kind === "quarantine").map(quarantineOf),
    parts: written.filter(isPart).map((part) => partOf(part, codec)),
  };
  const text = receiptText(receipt, shapes.partTexts ?? partTexts(written, shapes.texts ?? new Map(), codec));
  const bytes = textBytes(text);
  if (shapes.texts && bytes <= maxBytes) return { receipt, text: () => text, sidecar: undefined };
  return {
    receipt,
    text: (sidecar) => receiptText({ ...receipt, shapes: sidecar }, partTexts(written, new Map(), codec)),
    sidecar: () => shapes.sidecar(),
  };
}

/**
 * The elements of a receipt's `parts` as JSON in pieces, each event type's shape at its first part: trees of shapes would take ten times the memory.
 */
export function partTexts(
  written: readonly WrittenPart[],
  shapes: ReadonlyMap<string, string>,
  codec: Codec,
): string[] {
  const described = new Set<string>();
  return written.filter(isPart).map((part, index) => {
    const { types } = partOf(part, codec);
    const typeTexts = types.map((type) => {
      const shape = described.has(type.event_type) ? undefined : shapes.get(type.event_type);
      described.add(type.event_type);
      return shape === undefined ? JSON.stringify(type) : `${open(type)},"shape":${shape}}`;
    });
    return `${index > 0 ? "," : ""}${beforeTypes(part, codec)}${typeTexts.join(",")}${AFTER_TYPES}`;
  });
}

/** Length of the text in UTF-8. */
export function textBytes(text: readonly TextPiece[]): number {
  return text.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
}

/** What stands before the elements of `types` in the text of a part. */
export function beforeTypes({ key, bytes, rawBytes }: WrittenPart, codec: Codec): string {
  return `${open({ key, bytes, raw_bytes: rawBytes, compression: codec })},"types":[`;
}
/** And after them. */
export const AFTER_TYPES = "]}";

/** The receipt as JSON in pieces, with these for its parts. */
function receiptText(receipt: Receipt, parts: readonly TextPiece[]): readonly TextPiece[] {
  const { parts: _, shapes: sidecar, ...base } = receipt;
  const end = sidecar ? `],"shapes":${JSON.stringify(sidecar)}}` : "]}";
  return [`${open(base)},"parts":[`, ...parts, end];
}

/** The text of an object, to which members can be added. */
function open(object: object): string {
  return JSON.stringify(object).slice(0, -1);
}

function isPart({ kind }: WrittenPart): boolean {
  return kind === "part";
}

function partOf({ key, bytes, rawBytes, marks }: WrittenPart, codec: Codec): ReceiptPart {
  const types = Array.from(marks, ([eventType, lines]) => ({ event_type: eventType, lines }));
  return { key, bytes, raw_bytes: rawBytes, compression: codec, types };
}

function quarantineOf({ key, bytes, lines, marks }: WrittenPart): ReceiptQuarantine {
  return { key, bytes, lines, reasons: Object.fromEntries(marks) };
}

function checkAccounting(head: ReceiptHead, lines: LineCounts, written: readonly WrittenPart[]): void {
  const [rows, quarantined] = [linesOf(written, "part"), linesOf(written, "quarantine")];
  const isBalanced = lines.total === lines.rows + lines.quarantined + lines.dropped + lines.blank;
  if (isBalanced && rows === lines.rows && quarantined === lines.quarantined) return;
  throw new RouterError(
    "ACCOUNTING_BROKEN",
    `The lines of ${head.source.key} do not add up: ${JSON.stringify(lines)}, written ${rows} rows and ${quarantined} quarantined. No receipt was written; this is a defect, please report it.`,
    { details: { bucket: head.source.bucket, key: head.source.key, ...lines } },
  );
}

/** Lines of all objects of a kind, by their marks: what the receipt says. */
function linesOf(written: readonly WrittenPart[], wanted: WrittenPart["kind"]): number {
  const counts = written.filter(({ kind }) => kind === wanted).flatMap(({ marks }) => [...marks.values()]);
  return counts.reduce((sum, count) => sum + count, 0);
}
