// `log-router quarantine`: which lines are in quarantine, why, and their bytes. The receipt of the newest generation leads there, and for
// lines that the warehouse refused the ledger.
import { z } from "zod";
import { readQuarantine, type QuarantinedLine } from "../../shared/contracts/quarantine.ts";
import { QUARANTINE_REASONS, type QuarantineReason } from "../../shared/contracts/words.ts";
import type { LedgerRow } from "../../shared/ports/warehouse.ts";
import type { ReportDeps } from "./deps.ts";
import { ledgerGroups } from "./ledger-groups.ts";
import { mergeById } from "./merge-by-id.ts";
import { receiptGroups, type ReceiptSummary } from "./receipt-groups.ts";
import { refusedObjects } from "./refused-lines.ts";

/** Bytes of a line kept for `show`; --raw writes them all. */
const SHOWN_BYTES = 64 * 1024;
/** The same for --raw. */
const WHOLE_BYTES = 64 * 1024 * 1024;

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
  options: { readonly reason?: QuarantineReason; readonly limit: number },
): Promise<QuarantineList> {
  const list: QuarantineList = { lines: 0, reasons: {}, sources: [] };
  for await (const { id, left, right } of mergeById(receiptGroups(deps), ledgerGroups(deps))) {
    const receipt = left?.receipts.at(-1);
    const reasons = reasonsOf(receipt, right?.loads ?? [], options.reason);
    const lines = Object.values(reasons).reduce((sum, value) => sum + value, 0);
    if (lines === 0) continue;
    list.lines += lines;
    for (const [reason, value] of entries(reasons))
      list.reasons[reason] = (list.reasons[reason] ?? 0) + value;
    if (list.sources.length < options.limit) {
      const key = receipt?.source.key ?? right?.sources.at(-1)?.key ?? "";
      list.sources.push({ source_id: id, key, lines, reasons });
    }
  }
  return list;
}

type SourceLine = QuarantinedLine & { readonly id: string; readonly key: string };

/** The quarantined lines of the given sources, one after the other. `wholeLines` keeps up to 64 MiB of a line. */
export async function* quarantinedLines(
  deps: ReportDeps,
  ids: readonly string[],
  options: { readonly reason?: QuarantineReason; readonly line?: number; readonly wholeLines?: boolean } = {},
): AsyncGenerator<SourceLine, void, undefined> {
  const maxBytes = options.wholeLines ? WHOLE_BYTES : SHOWN_BYTES;
  for (const id of ids) {
    for await (const { receipts } of receiptGroups(deps, `${id}/`)) {
      const newest = receipts.at(-1);
      const refused = await refusedObjects(deps, await deps.warehouse.read.loads([id], deps.signal));
      for (const object of [...(newest?.quarantine ?? []).map(({ key }) => key), ...refused]) {
        const { body } = await deps.store.get({ bucket: deps.routedBucket, key: object }, deps.signal);
        for await (const line of readQuarantine(body, maxBytes)) {
          if (options.reason !== undefined && line.reason !== options.reason) continue;
          if (options.line !== undefined && line.line !== options.line) continue;
          yield { ...line, id, key: newest?.source.key ?? "" };
        }
      }
    }
  }
}

/** A line as --json has it. */
export function quarantineLine(line: SourceLine): QuarantineLine {
  return {
    source_id: line.id,
    key: line.key,
    line: line.line,
    offset: line.offset,
    reason: line.reason,
    detail: line.detail,
    bytes: line.bytes,
    raw_base64: Buffer.from(line.raw).toString("base64"),
  };
}

function reasonsOf(
  receipt: ReceiptSummary | undefined,
  loads: readonly LedgerRow[],
  only: QuarantineReason | undefined,
): Partial<Record<QuarantineReason, number>> {
  const sum: Partial<Record<QuarantineReason, number>> = {};
  const add = (reason: QuarantineReason, lines: number): void => {
    if (lines > 0 && (only === undefined || only === reason)) sum[reason] = (sum[reason] ?? 0) + lines;
  };
  for (const { reasons } of receipt?.quarantine ?? []) {
    for (const [reason, lines] of entries(reasons)) add(reason, lines);
  }
  for (const unit of loads) if (unit.replacedBy === undefined) add("warehouse_refused", unit.rejected);
  return sum;
}

function entries(
  reasons: Partial<Record<QuarantineReason, number | undefined>>,
): [reason: QuarantineReason, lines: number][] {
  return QUARANTINE_REASONS.flatMap((reason) => (reasons[reason] ? [[reason, reasons[reason]]] : []));
}
