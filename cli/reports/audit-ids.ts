// The accounting of some sources only: those that a run has touched.
import pLimit from "p-limit";
import { auditSource, type SourceVerdict } from "./audit-source.ts";
import type { Promises } from "../progress/promises.ts";
import type { ReportDeps } from "./deps.ts";
import type { LedgerGroup } from "./ledger-groups.ts";
import { receiptGroups, type ReceiptGroup } from "./receipt-groups.ts";
import { countingRow } from "./source-pages.ts";

/** Sources read from the ledger with one statement. */
const CHUNK = 500;
/** Sources whose receipts are read at the same time: on S3 each takes two requests. */
const CONCURRENT_READS = 8;

/**
 * A verdict for each id, in the order given, but for those whose promises are kept by what the ledger has: they balance, and their receipts
 * are not read. Memory: the ledger rows of 500 sources, and what is needed of their receipts.
 */
export async function* auditIds(
  deps: ReportDeps,
  ids: Iterable<string>,
  promises: Promises,
): AsyncGenerator<SourceVerdict, void, undefined> {
  const all = [...ids];
  const reads = pLimit(CONCURRENT_READS);
  for (let start = 0; start < all.length; start += CHUNK) {
    const ledgers = await ledgersOf(deps, all.slice(start, start + CHUNK));
    const doubtful = ledgers.filter(({ sources, loads }) => {
      const row = countingRow(sources);
      return !row || !promises.areKept(row, loads);
    });
    const written = await Promise.all(doubtful.map(({ id }) => reads(() => receiptsOf(deps, id))));
    for (const [index, ledger] of doubtful.entries())
      yield auditSource(ledger.id, written[index], ledger.sources.length > 0 ? ledger : undefined);
  }
}

/** What the ledger has of each id, in the order given; of some it has nothing. */
async function ledgersOf(
  { warehouse, signal }: ReportDeps,
  ids: readonly string[],
): Promise<readonly LedgerGroup[]> {
  const [sources, loads] = await Promise.all([
    warehouse.findSources({ ids }, signal),
    warehouse.read.loads(ids, signal),
  ]);
  const sourcesOf = Map.groupBy(sources, ({ sourceId }) => sourceId);
  const loadsOf = Map.groupBy(loads, ({ sourceId }) => sourceId);
  return ids.map((id) => ({
    id,
    sources: (sourcesOf.get(id) ?? []).toSorted((a, b) => a.generation - b.generation),
    loads: loadsOf.get(id) ?? [],
  }));
}

/** The receipts of one source. */
export async function receiptsOf(deps: ReportDeps, id: string): Promise<ReceiptGroup | undefined> {
  for await (const group of receiptGroups(deps, `${id}/`)) return group;
  return undefined;
}
