// Reading `log_router.tables` and `.columns`: which event type and path is in which table and column.
import { z } from "zod";
import type { Catalog, CatalogColumn } from "../../schema/types.ts";
import { readSettings } from "./ledger-schema.ts";
import { flag, text, time } from "./row-values.ts";
import { asColumnType } from "./types.ts";
import type { Session } from "./session.ts";

const PATH = z.array(z.string());

/** Opaque to callers: another warehouse never has the same, and it changes with every change. */
export async function catalogVersion(session: Session): Promise<string> {
  const settings = await readSettings(session);
  return `${settings?.get("warehouse_id")}.${settings?.get("catalog_version")}`;
}

/** Part of the transaction that changes a row of the catalog. */
export async function raiseCatalogVersion(session: Session): Promise<void> {
  await session.run(
    "UPDATE log_router.settings SET value = (value::BIGINT + 1)::VARCHAR WHERE name = 'catalog_version'",
  );
}

interface MutableTable {
  readonly table: string;
  readonly eventTypes: string[];
  readonly createdAt: Date;
  readonly columns: CatalogColumn[];
  readonly catchAll: boolean;
}

/** In a transaction of the caller's, so that all of it is of one moment. */
export async function readCatalog(session: Session, eventSchema: string): Promise<Catalog> {
  const version = await catalogVersion(session);
  const tables = new Map<string, MutableTable>();
  const tableOf = new Map<string, string>();
  for (const row of await session.rows("SELECT * FROM log_router.tables ORDER BY created_at, event_type")) {
    const [name, eventType] = [text(row, "table_name"), text(row, "event_type")];
    let table = tables.get(name);
    if (!table) {
      const [createdAt, catchAll] = [time(row, "created_at"), flag(row, "catch_all")];
      tables.set(name, (table = { table: name, eventTypes: [], createdAt, columns: [], catchAll }));
    }
    if (eventType === "") continue;
    table.eventTypes.push(eventType);
    tableOf.set(eventType, name);
  }
  for (const row of await session.rows("SELECT * FROM log_router.columns ORDER BY table_name, position")) {
    tables.get(text(row, "table_name"))?.columns.push({
      path: PATH.parse(JSON.parse(text(row, "path"))),
      type: asColumnType(text(row, "type")),
      column: text(row, "column_name"),
      addedAt: time(row, "added_at"),
    });
  }
  const known = new Set([...tables.keys()].map((name) => name.toLowerCase()));
  const present = await tablesInSchema(session, eventSchema);
  const foreignTables = new Set([...present].filter((name) => !known.has(name)));
  return { version, tables, tableOf, foreignTables };
}

/** Names of tables and views, lower case: DuckDB's names differ by more than case. */
export async function tablesInSchema(session: Session, eventSchema: string): Promise<Set<string>> {
  const rows = await session.rows(
    "SELECT lower(table_name) AS name FROM information_schema.tables WHERE table_schema = $schema AND table_catalog = current_database()",
    { schema: eventSchema },
  );
  return new Set(rows.map((row) => text(row, "name")));
}
