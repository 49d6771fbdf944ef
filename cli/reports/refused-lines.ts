// Lines that the warehouse refused are in quarantine under the batch id of the load that left them out: the ledger leads there, no receipt.
import type { LedgerRow } from "../../shared/ports/warehouse.ts";
import type { ReportDeps } from "./deps.ts";

/** Key prefix of a unit's refused lines (services/loader/put-refused-lines.ts writes there). */
export function refusedPrefix({ sourceId, batchId }: Pick<LedgerRow, "sourceId" | "batchId">): string {
  return `quarantine/${sourceId}/${batchId}/`;
}

/** Quarantine objects with the refused lines of the units that are loaded now. */
export async function refusedObjects(
  { store, routedBucket, signal }: Pick<ReportDeps, "store" | "routedBucket" | "signal">,
  loads: readonly LedgerRow[],
): Promise<readonly string[]> {
  const prefixes = loads
    .filter(({ rejected, replacedBy }) => rejected > 0 && replacedBy === undefined)
    .map((unit) => refusedPrefix(unit));
  const keys: string[] = [];
  for (const prefix of new Set(prefixes)) {
    for await (const { key } of store.list(routedBucket, prefix, signal ? { signal } : {})) keys.push(key);
  }
  return keys;
}
