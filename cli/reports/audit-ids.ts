// The accounting of some sources only: those that a run has touched.
import { auditSource, type SourceVerdict } from "./audit-source.ts";
import type { ReportDeps } from "./deps.ts";
import { receiptGroups, type ReceiptGroup } from "./receipt-groups.ts";

/** Sources read from the ledger with one statement. */
const CHUNK = 200;

/** One verdict for each id, in the order given. Memory: the ledger rows of 200 sources. */
export async function* auditIds(
  deps: ReportDeps,
  ids: Iterable<string>,
): AsyncGenerator<SourceVerdict, void, undefined> {
  const all = [...ids];
  for (let start = 0; start < all.length; start += CHUNK) {
    const chunk = all.slice(start, start + CHUNK);
    const sources = await deps.warehouse.findSources({ ids: chunk }, deps.signal);
    const loads = await deps.warehouse.read.loads(chunk, deps.signal);
    for (const id of chunk) {
      const rows = sources.filter((row) => row.sourceId === id).sort((a, b) => a.generation - b.generation);
      const units = loads.filter((unit) => unit.sourceId === id);
      yield auditSource(
        id,
        await receiptsOf(deps, id),
        rows.length > 0 ? { id, sources: rows, loads: units } : undefined,
      );
    }
  }
}

/** The receipts of one source. */
export async function receiptsOf(deps: ReportDeps, id: string): Promise<ReceiptGroup | undefined> {
  for await (const group of receiptGroups(deps, `${id}/`)) return group;
  return undefined;
}
