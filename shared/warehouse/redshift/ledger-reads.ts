// Looking things up in the ledger by keys, in queries of bounded size. Redshift compares texts without their trailing blanks: what comes back
// is compared again here.
import type { LedgerRow, UnitKey } from "../../ports/warehouse.ts";
import { foldName, redshiftLiteral } from "../sql/quote-redshift.ts";
import { unitText } from "../source-rules.ts";
import { tableNames } from "./catalog.ts";
import { inChunks, type Database, type Run } from "./database.ts";
import { ledgerRow } from "./ledger-rows.ts";
import { LEDGER_SCHEMA, LOADS_COLUMNS } from "./ledger-schema.ts";
import { text } from "./rows.ts";

/** Texts as the list behind IN. */
export const literalList = (texts: Iterable<string>): string => [...texts].map(redshiftLiteral).join(", ");

/** Ledger rows of sources, ordered by source, generation and event type. */
export async function loadsOfSources(
  database: Database,
  sourceIds: readonly string[],
  run: Run,
): Promise<readonly LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for (const ids of inChunks([...new Set(sourceIds)].toSorted())) {
    const found = await database.query(
      `SELECT ${LOADS_COLUMNS} FROM ${LEDGER_SCHEMA}.loads WHERE source_id IN (${literalList(ids)}) ORDER BY source_id, generation, event_type`,
      run,
    );
    rows.push(...found.map(ledgerRow));
  }
  return rows;
}

/** Those of the units that are in `loads`. */
export async function loadedUnits(
  database: Database,
  keys: readonly UnitKey[],
  run: Run,
): Promise<readonly LedgerRow[]> {
  const wanted = new Set(keys.map(unitText));
  const rows: LedgerRow[] = [];
  // One event type of many sources is the common case: named as well, so that the other types' rows do not come along.
  for (const chunk of inChunks(keys)) {
    const ids = literalList(new Set(chunk.map(({ sourceId }) => sourceId)));
    const types = literalList(new Set(chunk.map(({ eventType }) => eventType)));
    const found = await database.query(
      `SELECT ${LOADS_COLUMNS} FROM ${LEDGER_SCHEMA}.loads WHERE source_id IN (${ids}) AND event_type IN (${types})`,
      run,
    );
    rows.push(...found.map(ledgerRow).filter((row) => wanted.delete(unitText(row))));
  }
  const order = new Map(keys.map((key, at) => [unitText(key), at]));
  return rows.toSorted((a, b) => order.get(unitText(a))! - order.get(unitText(b))!);
}

/** A test of which tables are there. */
export async function presentTables(
  database: Database,
  eventSchema: string,
  run: Run,
): Promise<(table: string) => boolean> {
  const names = new Set((await database.query(tableNames(eventSchema), run)).map((row) => text(row, 0)));
  return (table) => names.has(foldName(table));
}
