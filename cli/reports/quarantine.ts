// `log-router quarantine`: which lines are in quarantine, why, and their bytes. Receipts of the newest generation of each source lead there.
import { z } from "zod";
import { readQuarantine, type QuarantinedLine } from "../../shared/contracts/quarantine.ts";
import { QUARANTINE_REASONS, type QuarantineReason } from "../../shared/contracts/words.ts";
import { ROUTED_BUCKET, type ReportDeps } from "./deps.ts";
import { receiptGroups, type ReceiptSummary } from "./receipt-groups.ts";

/** Bytes of a line kept for `show`; --raw writes them all. */
const SHOWN_BYTES = 64 * 1024;

const count = z.int().min(0);

export const quarantineListSchema = z.object({
  lines: count.describe("Quarantined lines of the sources listed"),
  reasons: z.partialRecord(z.enum(QUARANTINE_REASONS), count),
  sources: z.array(
    z.object({
      source_id: z.string(),
      key: z.string(),
      lines: count,
      reasons: z.partialRecord(z.enum(QUARANTINE_REASONS), count),
    }),
  ),
});
export type QuarantineList = z.infer<typeof quarantineListSchema>;

export const quarantineLineSchema = z.object({
  source_id: z.string(),
  key: z.string(),
  line: z.int().min(1),
  offset: count.describe("Uncompressed bytes of the source before the line"),
  reason: z.enum(QUARANTINE_REASONS),
  detail: z.string(),
  bytes: count.describe("Length of the line"),
  raw_base64: z.string().describe(`The line's bytes, ${SHOWN_BYTES} at the most`),
});
export type QuarantineLine = z.infer<typeof quarantineLineSchema>;

/** Sources with quarantined lines (of this reason), in order of id. Memory: the list, `limit` sources at the most. */
export async function quarantineList(
  deps: ReportDeps,
  options: { readonly reason?: QuarantineReason; readonly ids?: readonly string[]; readonly limit: number },
): Promise<QuarantineList> {
  const list: QuarantineList = { lines: 0, reasons: {}, sources: [] };
  for await (const receipt of newestReceipts(deps, options.ids)) {
    const reasons = reasonsOf(receipt, options.reason);
    const lines = Object.values(reasons).reduce((sum, value) => sum + value, 0);
    if (lines === 0) continue;
    list.lines += lines;
    for (const [reason, value] of entries(reasons))
      list.reasons[reason] = (list.reasons[reason] ?? 0) + value;
    if (list.sources.length < options.limit) {
      list.sources.push({ source_id: receipt.source.id, key: receipt.source.key, lines, reasons });
    }
  }
  return list;
}

/** The quarantined lines of the given sources, one after the other. `wholeLines` keeps every byte (a line may be gigabytes long). */
export async function* quarantinedLines(
  deps: ReportDeps,
  ids: readonly string[],
  options: { readonly reason?: QuarantineReason; readonly line?: number; readonly wholeLines?: boolean } = {},
): AsyncGenerator<QuarantinedLine & { readonly source: ReceiptSummary["source"] }, void, undefined> {
  for await (const receipt of newestReceipts(deps, ids)) {
    for (const { key, reasons } of receipt.quarantine) {
      if (options.reason !== undefined && !reasons[options.reason]) continue;
      const object = await deps.store.get({ bucket: ROUTED_BUCKET, key }, deps.signal);
      for await (const line of readQuarantine(object.body, options.wholeLines ? undefined : SHOWN_BYTES)) {
        if (options.reason !== undefined && line.reason !== options.reason) continue;
        if (options.line === undefined || line.line === options.line)
          yield { ...line, source: receipt.source };
      }
    }
  }
}

/** A line as --json has it. */
export function quarantineLine(
  line: QuarantinedLine & { readonly source: ReceiptSummary["source"] },
): QuarantineLine {
  return {
    source_id: line.source.id,
    key: line.source.key,
    line: line.line,
    offset: line.offset,
    reason: line.reason,
    detail: line.detail,
    bytes: line.bytes,
    raw_base64: Buffer.from(line.raw).toString("base64"),
  };
}

async function* newestReceipts(
  deps: ReportDeps,
  ids: readonly string[] | undefined,
): AsyncGenerator<ReceiptSummary, void, undefined> {
  for (const prefix of ids?.map((id) => `${id}/`) ?? [""]) {
    for await (const { receipts } of receiptGroups(deps, prefix)) {
      const newest = receipts.at(-1);
      if (newest) yield newest;
    }
  }
}

function reasonsOf(
  receipt: ReceiptSummary,
  only: QuarantineReason | undefined,
): Partial<Record<QuarantineReason, number>> {
  const sum: Partial<Record<QuarantineReason, number>> = {};
  for (const { reasons } of receipt.quarantine) {
    for (const [reason, value] of entries(reasons)) {
      if (only === undefined || only === reason) sum[reason] = (sum[reason] ?? 0) + value;
    }
  }
  return sum;
}

function entries(
  reasons: Partial<Record<QuarantineReason, number | undefined>>,
): [reason: QuarantineReason, lines: number][] {
  return QUARANTINE_REASONS.flatMap((reason) => (reasons[reason] ? [[reason, reasons[reason]]] : []));
}
