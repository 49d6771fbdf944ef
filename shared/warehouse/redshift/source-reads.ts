// Reading `log_router.sources`. Names are compared again here, byte by byte.
import type { SourceRow } from "../../ports/warehouse.ts";
import { inChunks, inSizedChunks, valueBytes, type Database, type Run } from "./database.ts";
import { SOURCE_COLUMNS, sourceRow } from "./ledger-rows.ts";
import { literalList } from "./ledger-reads.ts";
import { LEDGER_SCHEMA } from "./ledger-schema.ts";
import { count } from "./rows.ts";

/** A row with the mark of its last writing, a random number. */
export interface RevisedRow {
  readonly row: SourceRow;
  readonly revision: number;
}

const ORDER = "ORDER BY source_id, generation";

export async function revisedSources(
  database: Database,
  names: readonly { readonly bucket: string; readonly key: string }[],
  run: Run,
): Promise<readonly RevisedRow[]> {
  const wanted = new Set(names.map(({ bucket, key }) => JSON.stringify([bucket, key])));
  const keys = [...new Set(names.map(({ key }) => key))];
  const rows: RevisedRow[] = [];
  for (const chunk of inSizedChunks(keys, (key) => valueBytes([key]))) {
    const found = await database.query(
      `SELECT ${SOURCE_COLUMNS}, revision FROM ${LEDGER_SCHEMA}.sources WHERE "key" IN (${literalList(chunk)}) ${ORDER}`,
      run,
    );
    rows.push(...found.map((row) => ({ row: sourceRow(row), revision: count(row, 16) })));
  }
  const named = rows.filter(({ row }) => wanted.has(JSON.stringify([row.bucket, row.key])));
  // Two keys that differ by trailing blanks, in two queries, would give each row twice.
  return [...new Map(named.map((one) => [`${one.row.sourceId}/${one.row.generation}`, one])).values()];
}

export async function sourcesNamed(
  database: Database,
  names: readonly { readonly bucket: string; readonly key: string }[],
  run: Run,
): Promise<readonly SourceRow[]> {
  return (await revisedSources(database, names, run)).map(({ row }) => row);
}

export async function sourcesWithIds(
  database: Database,
  ids: readonly string[],
  run: Run,
): Promise<readonly SourceRow[]> {
  const rows: SourceRow[] = [];
  for (const chunk of inChunks([...new Set(ids)].toSorted())) {
    const found = await database.query(
      `SELECT ${SOURCE_COLUMNS} FROM ${LEDGER_SCHEMA}.sources WHERE source_id IN (${literalList(chunk)}) ${ORDER}`,
      run,
    );
    rows.push(...found.map(sourceRow));
  }
  return rows;
}
