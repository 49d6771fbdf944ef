// The ledger's rows of each source, source by source in ascending order of id.
import type { LedgerRow, SourceRow } from "../../shared/ports/warehouse.ts";
import type { ReportDeps } from "./deps.ts";
import { allSources } from "./source-pages.ts";

/** Sources whose units are read with one statement. */
const CHUNK = 200;

export interface LedgerGroup {
  readonly id: string;
  /** Ascending by generation. */
  readonly sources: readonly SourceRow[];
  readonly loads: readonly LedgerRow[];
}

/** Memory: the ledger rows of 200 sources. */
export async function* ledgerGroups({
  warehouse,
  signal,
}: Pick<ReportDeps, "warehouse" | "signal">): AsyncGenerator<LedgerGroup, void, undefined> {
  let chunk = new Map<string, SourceRow[]>();
  for await (const row of allSources(warehouse.read, signal)) {
    if (chunk.size === CHUNK && !chunk.has(row.sourceId)) {
      yield* withLoads(chunk);
      chunk = new Map();
    }
    const rows = chunk.get(row.sourceId);
    if (rows) rows.push(row);
    else chunk.set(row.sourceId, [row]);
  }
  yield* withLoads(chunk);

  async function* withLoads(sources: ReadonlyMap<string, SourceRow[]>): AsyncGenerator<LedgerGroup> {
    if (sources.size === 0) return;
    const loads = Map.groupBy(
      await warehouse.read.loads([...sources.keys()], signal),
      ({ sourceId }) => sourceId,
    );
    for (const [id, rows] of sources) yield { id, sources: rows, loads: loads.get(id) ?? [] };
  }
}
