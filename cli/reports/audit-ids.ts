// The accounting of some sources only: those that a run has touched.
import pLimit from "p-limit";
import { auditSource, type SourceVerdict } from "./audit-source.ts";
import type { ReportDeps } from "./deps.ts";
import { receiptGroups, type ReceiptGroup } from "./receipt-groups.ts";

/** Sources read from the ledger with one statement. */
const CHUNK = 200;
/** Sources whose receipts are read at the same time: on S3 each takes two requests. */
const CONCURRENT_READS = 8;

/** One verdict for each id, in the order given. Memory: the ledger rows of 200 sources, and what is needed of their receipts. */
export async function* auditIds(
  deps: ReportDeps,
  ids: Iterable<string>,
): AsyncGenerator<SourceVerdict, void, undefined> {
  const all = [...ids];
  const reads = pLimit(CONCURRENT_READS);
  for (let start = 0; start < all.length; start += CHUNK) {
    const chunk = all.slice(start, start + CHUNK);
    const sources = await deps.warehouse.findSources({ ids: chunk }, deps.signal);
    const loads = await deps.warehouse.read.loads(chunk, deps.signal);
    const written = await Promise.all(chunk.map((id) => reads(() => receiptsOf(deps, id))));
    const rowsOf = Map.groupBy(sources, (row) => row.sourceId);
    const loadsOf = Map.groupBy(loads, (unit) => unit.sourceId);
    for (const [index, id] of chunk.entries()) {
      const rows = (rowsOf.get(id) ?? []).toSorted((a, b) => a.generation - b.generation);
      const ledger = rows.length > 0 ? { id, sources: rows, loads: loadsOf.get(id) ?? [] } : undefined;
      yield auditSource(id, written[index], ledger);
    }
  }
}

/** The receipts of one source. */
export async function receiptsOf(deps: ReportDeps, id: string): Promise<ReceiptGroup | undefined> {
  for await (const group of receiptGroups(deps, `${id}/`)) return group;
  return undefined;
}
