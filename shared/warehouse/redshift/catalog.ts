// Reading `log_router.tables` and `.columns`: which event type and path is in which table and column.
import { z } from "zod";
import type { Catalog, CatalogColumn } from "../../schema/types.ts";
import { foldName, redshiftLiteral } from "../sql/quote-redshift.ts";
import type { Row } from "./data-api.ts";
import type { Database, Run } from "./database.ts";
import { LEDGER_SCHEMA, parseSettings, SETTINGS_QUERY } from "./ledger-schema.ts";
import { notPrepared } from "./not-prepared.ts";
import { flag, text, time } from "./rows.ts";
import { asColumnType } from "./types.ts";

const PATH = z.array(z.string());

interface MutableTable {
  readonly table: string;
  readonly eventTypes: string[];
  readonly createdAt: Date;
  readonly columns: CatalogColumn[];
  readonly catchAll: boolean;
}

/** All of it is of one moment: one transaction reads it. */
export async function readCatalog(
  database: Database,
  eventSchema: string,
  signal?: AbortSignal,
): Promise<Catalog> {
  const done = await database.transaction(
    [
      SETTINGS_QUERY,
      `SELECT event_type, table_name, created_at, catch_all FROM ${LEDGER_SCHEMA}.tables ORDER BY created_at, event_type`,
      `SELECT table_name, "path", "type", column_name, added_at FROM ${LEDGER_SCHEMA}."columns" ORDER BY table_name, ordinal`,
      tableNames(eventSchema),
    ],
    { name: "catalog", signal },
  );
  const settings = parseSettings(await done.rows(0));
  if (!settings) throw notPrepared(database.target);
  const tableOf = new Map<string, string>();
  const tables = tablesOf(await done.rows(1), tableOf);
  for (const row of await done.rows(2)) tables.get(text(row, 0))?.columns.push(columnOf(row));
  const known = new Set([...tables.keys()].map(foldName));
  const present = (await done.rows(3)).map((row) => text(row, 0));
  const foreignTables = new Set(present.filter((name) => !known.has(name)));
  return { version: settings.catalogVersion, tables, tableOf, foreignTables };
}

function tablesOf(rows: readonly Row[], tableOf: Map<string, string>): Map<string, MutableTable> {
  const tables = new Map<string, MutableTable>();
  for (const row of rows) {
    const [eventType, name] = [text(row, 0), text(row, 1)];
    let table = tables.get(name);
    if (!table) {
      table = { table: name, eventTypes: [], createdAt: time(row, 2), columns: [], catchAll: flag(row, 3) };
      tables.set(name, table);
    }
    if (eventType === "") continue;
    table.eventTypes.push(eventType);
    tableOf.set(eventType, name);
  }
  return tables;
}

function columnOf(row: Row): CatalogColumn {
  return {
    path: PATH.parse(JSON.parse(text(row, 1))),
    type: asColumnType(text(row, 2)),
    column: text(row, 3),
    addedAt: time(row, 4),
  };
}

/** Names of tables and views, lower case as Redshift has them. */
export function tableNames(eventSchema: string): string {
  return `SELECT table_name FROM svv_tables WHERE table_schema = ${redshiftLiteral(foldName(eventSchema))}`;
}

export interface PresentColumn {
  readonly name: string;
  readonly type: string;
  /** Bytes of a VARCHAR. */
  readonly bytes: number | undefined;
}

/** The columns that a table has by now, whether the catalog knows them or not; none when there is no such table. */
export async function presentColumns(
  database: Database,
  eventSchema: string,
  table: string,
  run: Run,
): Promise<readonly PresentColumn[]> {
  const rows = await database.query(
    `SELECT column_name, data_type, character_maximum_length FROM svv_columns
  WHERE table_schema = ${redshiftLiteral(foldName(eventSchema))} AND table_name = ${redshiftLiteral(foldName(table))} ORDER BY ordinal_position`,
    run,
  );
  return rows.map((row) => ({
    name: text(row, 0),
    type: text(row, 1),
    bytes: row[2] === null ? undefined : Number(row[2]),
  }));
}
