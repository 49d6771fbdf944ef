// Creating and altering event tables, with their rows of the catalog, in one transaction.
import type { Warehouse } from "../../ports/warehouse.ts";
import type { TableChange } from "../../schema/types.ts";
import {
  EVENT_TYPE_MEMBER,
  LINE_MEMBER,
  LOADED_AT_COLUMN,
  RESCUED_MEMBER,
  SOURCE_MEMBER,
} from "../../contracts/words.ts";
import { qualifiedName, quoteIdentifier } from "../sql/quote.ts";
import { catalogVersion, raiseCatalogVersion, tablesInSchema } from "./catalog.ts";
import { bindRows, boundRows } from "./json-rows.ts";
import { count, text } from "./row-values.ts";
import type { Session } from "./session.ts";
import { sqlType } from "./types.ts";

export type ChangeResult = Awaited<ReturnType<Warehouse["change"]>>;

export interface ChangeSettings {
  readonly eventSchema: string;
  /** A table with fewer rows is young. */
  readonly rewriteRows: number;
}

/**
 * Every table starts with these. `_lr_loaded_at` has no DEFAULT now() here: DuckDB (1.5.6) fails to replay its log after a crash when a
 * table whose default calls a function has been altered, and the file could never be opened again. The load fills it in.
 */
const SYSTEM_COLUMNS: readonly (readonly [string, string])[] = [
  [SOURCE_MEMBER, "VARCHAR NOT NULL"],
  [LINE_MEMBER, "BIGINT NOT NULL"],
  [EVENT_TYPE_MEMBER, "VARCHAR NOT NULL"],
  [LOADED_AT_COLUMN, "TIMESTAMPTZ NOT NULL"],
  [RESCUED_MEMBER, "JSON"],
];

/** In a transaction that the caller rolls back unless the answer is `applied`. */
export async function applyChanges(
  session: Session,
  version: string,
  changes: readonly TableChange[],
  settings: ChangeSettings,
): Promise<ChangeResult> {
  if ((await catalogVersion(session)) !== version) return { kind: "stale" };
  const present = await tablesInSchema(session, settings.eventSchema);
  for (const change of changes) {
    const taken = await findTakenName(session, change, present, settings.eventSchema);
    if (taken) return { kind: "nameTaken", ...taken };
  }
  const refused = [];
  for (const change of changes) refused.push(...(await unfitForRewrite(session, change, settings)));
  if (refused.length > 0) return { kind: "rewriteRefused", columns: refused };
  for (const change of changes) await alterTable(session, change, settings.eventSchema);
  await writeCatalogRows(session, changes);
  await raiseCatalogVersion(session);
  return { kind: "applied" };
}

async function findTakenName(
  session: Session,
  change: TableChange,
  present: ReadonlySet<string>,
  eventSchema: string,
): Promise<{ table: string; column?: string } | undefined> {
  const { table } = change;
  if (change.create && present.has(table.toLowerCase())) return { table };
  const rows = change.create
    ? []
    : await session.rows(
        "SELECT lower(column_name) AS name FROM duckdb_columns() WHERE schema_name = $schema AND lower(table_name) = lower($table) AND database_name = current_database()",
        { schema: eventSchema, table },
      );
  const names = new Set([...rows.map((row) => text(row, "name")), ...SYSTEM_COLUMNS.map(([name]) => name)]);
  for (const { column } of change.addColumns) {
    if (names.has(column.toLowerCase())) return { table, column };
    names.add(column.toLowerCase());
  }
  return undefined;
}

async function unfitForRewrite(
  session: Session,
  { table, rewrite }: TableChange,
  { eventSchema, rewriteRows }: ChangeSettings,
): Promise<{ table: string; column: string }[]> {
  if (rewrite.length === 0) return [];
  const beyond = rewrite.map(
    ({ column }, index) =>
      `count(*) FILTER (abs(${quoteIdentifier(column)}::HUGEINT) > 9007199254740992) AS c${index}`,
  );
  const [counts] = await session.rows(
    `SELECT count(*) AS n, ${beyond.join(", ")} FROM ${qualifiedName(eventSchema, table)}`,
  );
  const isOld = count(counts!, "n") >= rewriteRows;
  return rewrite
    .filter((_, index) => isOld || Number(counts![`c${index}`]) > 0)
    .map(({ column }) => ({ table, column }));
}

async function alterTable(session: Session, change: TableChange, eventSchema: string): Promise<void> {
  const table = qualifiedName(eventSchema, change.table);
  const columns = change.addColumns.map(({ column, type }) => `${quoteIdentifier(column)} ${sqlType(type)}`);
  if (change.create) {
    const system = SYSTEM_COLUMNS.map(([name, type]) => `${quoteIdentifier(name)} ${type}`);
    await session.run(`CREATE TABLE ${table} (${[...system, ...columns].join(", ")})`);
  } else {
    for (const column of columns) await session.run(`ALTER TABLE ${table} ADD COLUMN ${column}`);
  }
  for (const { column, to } of change.rewrite)
    await session.run(`ALTER TABLE ${table} ALTER COLUMN ${quoteIdentifier(column)} TYPE ${sqlType(to)}`);
  // Widening a string changes nothing in DuckDB but the catalog's row.
}

/** A statement for all tables: a first load has many. */
async function writeCatalogRows(session: Session, changes: readonly TableChange[]): Promise<void> {
  const type = { event_type: "VARCHAR", table_name: "VARCHAR", catch_all: "BOOLEAN" };
  const rows = changes.flatMap(({ table, catchAll, create, eventTypes }) =>
    (create && eventTypes.length === 0 ? [""] : eventTypes).map((eventType) => ({
      event_type: eventType,
      table_name: table,
      catch_all: catchAll,
    })),
  );
  await session.run(
    `INSERT INTO log_router.tables (event_type, table_name, created_at, catch_all)
     SELECT e.event_type, e.table_name, coalesce(k.created_at, now()), coalesce(k.catch_all, e.catch_all)
     FROM ${boundRows("types", type)} e LEFT JOIN (
       SELECT table_name, min(created_at) AS created_at, bool_or(catch_all) AS catch_all FROM log_router.tables GROUP BY table_name
     ) k USING (table_name)`,
    bindRows("types", rows),
  );
  await insertColumns(session, changes);
  for (const { table, widen, rewrite } of changes)
    for (const { column, to } of [...widen, ...rewrite])
      await session.run(
        "UPDATE log_router.columns SET type = $to WHERE table_name = $table AND column_name = $column",
        { to, table, column },
      );
}

async function insertColumns(session: Session, changes: readonly TableChange[]): Promise<void> {
  const type = {
    table_name: "VARCHAR",
    path: "VARCHAR",
    type: "VARCHAR",
    column_name: "VARCHAR",
    position: "BIGINT",
  };
  const rows = changes.flatMap(({ table, addColumns }) =>
    addColumns.map(({ path, type, column }, position) => ({
      table_name: table,
      path: JSON.stringify(path),
      type,
      column_name: column,
      position,
    })),
  );
  if (rows.length === 0) return;
  await session.run(
    `INSERT INTO log_router.columns (table_name, path, type, column_name, added_at, position)
     SELECT c.table_name, c.path, c.type, c.column_name, now(), c.position + coalesce(k.next, 0)
     FROM ${boundRows("columns", type)} c LEFT JOIN (
       SELECT table_name, max(position) + 1 AS next FROM log_router.columns GROUP BY table_name
     ) k USING (table_name)`,
    bindRows("columns", rows),
  );
}
