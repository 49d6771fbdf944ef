// Counting many tables against the ledger: opening the file costs more than counting one, and holding it open keeps others from writing, so
// it is held for as many tables as fit into a moment.
import type { SourceCount } from "../../ports/warehouse.ts";
import { qualifiedName } from "../sql/quote.ts";
import { count, text } from "./row-values.ts";
import type { Session } from "./session.ts";
import type { SharedFile } from "./shared-file.ts";

/** The file is let go after the first table that ends later than this. */
const HOLD_MS = 2_000;

const countSources = (table: string): string => `
  WITH found AS (
    SELECT _lr_source AS source_id, count(*) AS n, count(*) - count(DISTINCT _lr_line) AS repeated FROM ${table} GROUP BY ALL),
  promised AS (
    SELECT source_id, sum("rows") AS n FROM log_router.loads WHERE table_name = $table AND replaced_by IS NULL GROUP BY ALL)
  SELECT coalesce(f.source_id, p.source_id) AS source_id,
    coalesce(f.n, 0) AS n, coalesce(f.repeated, 0) AS repeated, coalesce(p.n, 0) AS promised
  FROM found f FULL JOIN promised p ON p.source_id = f.source_id
  WHERE f.n IS NOT NULL OR p.n > 0 ORDER BY ALL`;

export async function* countTables(
  file: SharedFile,
  eventSchema: string,
  tables: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<{ table: string; sources: readonly SourceCount[] }, void, undefined> {
  for (let at = 0; at < tables.length;) {
    const counted = await file.read(async (session) => {
      const until = performance.now() + HOLD_MS;
      const some: { table: string; sources: readonly SourceCount[] }[] = [];
      do {
        const table = tables[at + some.length]!;
        some.push({ table, sources: await countTable(session, eventSchema, table) });
      } while (at + some.length < tables.length && performance.now() < until);
      return some;
    }, signal);
    yield* counted;
    at += counted.length;
  }
}

async function countTable(session: Session, eventSchema: string, table: string): Promise<SourceCount[]> {
  const rows = await session.rows(countSources(qualifiedName(eventSchema, table)), { table });
  return rows.map((row) => ({
    sourceId: text(row, "source_id"),
    rows: count(row, "n"),
    repeated: count(row, "repeated"),
    promised: count(row, "promised"),
  }));
}
