// `log-router audit --tables`: counts the tables themselves against the ledger.
import { z } from "zod";
import type { SourceCount } from "../../shared/ports/warehouse.ts";
import type { ReportDeps } from "./deps.ts";

/** Sources whose ledger rows are read with one statement. */
const CHUNK = 200;
/** Differences named one by one up to this many a table. */
const NAMED = 20;

const count = z.int().min(0);
const differenceSchema = z.object({ source_id: z.string(), expected: count, found: count, repeated: count });

export const tableAuditSchema = z.object({
  table: z.string(),
  rows: count.describe("Rows that the ledger promises"),
  found: count.describe("Rows in the table"),
  surplus: count.describe("Rows beyond what the ledger knows; not 0 fails"),
  repeated: count.describe("Rows beyond the first with the same _lr_source and _lr_line; not 0 fails"),
  removed: count.describe(
    "Rows loaded once that are no longer there; users may delete rows, so this does not fail",
  ),
  differences: z.array(differenceSchema).describe(`By source, ${NAMED} at the most`),
});
export type TableAudit = z.infer<typeof tableAuditSchema>;

/** One table after the other. Memory: the counts of a few tables. */
export async function* auditTables(deps: ReportDeps): AsyncGenerator<TableAudit, void, undefined> {
  const { read } = deps.warehouse;
  const summaries = await read.tableSummaries(deps.signal);
  const catalog = await deps.warehouse.catalog(deps.signal);
  const tables = new Set([...catalog.tables.keys(), ...summaries.map(({ table }) => table)]);
  const counted = read.countTables?.([...tables], deps.signal) ?? oneByOne(deps, tables);
  for await (const { table, sources } of counted) yield auditTable(table, sources);
}

function auditTable(table: string, sources: readonly SourceCount[]): TableAudit {
  const audit: TableAudit = {
    table,
    rows: 0,
    found: 0,
    surplus: 0,
    repeated: 0,
    removed: 0,
    differences: [],
  };
  for (const { sourceId, rows, repeated, promised } of sources) {
    audit.rows += promised;
    audit.found += rows;
    audit.repeated += repeated;
    audit.surplus += Math.max(0, rows - repeated - promised);
    audit.removed += Math.max(0, promised - (rows - repeated));
    const differs = (rows !== promised || repeated > 0) && sourceId !== "";
    if (differs && audit.differences.length < NAMED) {
      audit.differences.push({ source_id: sourceId, expected: promised, found: rows, repeated });
    }
  }
  return audit;
}

/** For a warehouse in which a read by itself is cheap. */
async function* oneByOne(
  deps: ReportDeps,
  tables: Iterable<string>,
): AsyncGenerator<{ table: string; sources: readonly SourceCount[] }, void, undefined> {
  const promised = new Map<string, number>();
  for (const { table, rows } of await deps.warehouse.read.tableSummaries(deps.signal))
    promised.set(table, (promised.get(table) ?? 0) + rows);
  for (const table of tables)
    yield { table, sources: await sourceCounts(deps, table, promised.get(table) ?? 0) };
}

/** The last one, without an id, stands for sources of which no row is left. */
async function sourceCounts(deps: ReportDeps, table: string, promisedInAll: number): Promise<SourceCount[]> {
  const found = await countsBySource(deps, table);
  const counts: SourceCount[] = [];
  let rest = promisedInAll;
  const ids = [...found.keys()];
  for (let start = 0; start < ids.length; start += CHUNK) {
    const chunk = ids.slice(start, start + CHUNK);
    const expected = await expectedBySource(deps, table, chunk);
    for (const id of chunk) {
      const promised = expected.get(id) ?? 0;
      rest -= promised;
      counts.push({ sourceId: id, ...found.get(id)!, promised });
    }
  }
  if (rest > 0) counts.push({ sourceId: "", rows: 0, repeated: 0, promised: rest });
  return counts;
}

async function countsBySource(
  { warehouse, signal }: ReportDeps,
  table: string,
): Promise<Map<string, { rows: number; repeated: number }>> {
  const bySource = new Map<string, { rows: number; repeated: number }>();
  for (const { sourceId, rows, repeated } of await warehouse.read.countRows(table, signal)) {
    const sum = bySource.get(sourceId) ?? { rows: 0, repeated: 0 };
    bySource.set(sourceId, { rows: sum.rows + rows, repeated: sum.repeated + repeated });
  }
  return bySource;
}

async function expectedBySource(
  { warehouse, signal }: ReportDeps,
  table: string,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const expected = new Map<string, number>();
  for (const unit of await warehouse.read.loads(ids, signal)) {
    if (unit.table !== table || unit.replacedBy !== undefined) continue;
    expected.set(unit.sourceId, (expected.get(unit.sourceId) ?? 0) + unit.rows);
  }
  return expected;
}
