// Looks into a DuckDB warehouse with a connection of its own, by the names that DESIGN.md 4 gives to ledger and catalog: what a user with
// the file and SQL can see, not what the product's own reads say.
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { formatExact } from "../../shared/schema/exact-json.ts";
import { rebuildDocument, rescuedValues } from "../../shared/schema/rebuild.ts";
import type { CatalogColumn } from "../../shared/schema/types.ts";
import { asColumnType } from "../../shared/warehouse/duckdb/types.ts";
import { canonicalJson } from "./canonical-json.ts";

export interface StoredDocument {
  readonly sourceId: string;
  /** Key of the source object: in a folder, its path. */
  readonly sourceKey: string;
  readonly line: number;
  readonly eventType: string;
  readonly table: string;
  /** Canonical text (canonical-json.ts) of the document rebuilt through the catalog. */
  readonly document: string;
  /** Elements of `_lr_rescued`: path and text put together. */
  readonly rescued: readonly { readonly p: string; readonly t: string }[];
}

export interface WarehouseFile extends AsyncDisposable {
  /** Rows as objects; integers as bigint, everything else as DuckDB's JavaScript values. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Opens the file read-only; DuckDB admits nobody who writes meanwhile. */
export async function openWarehouseFile(file: string): Promise<WarehouseFile> {
  const instance = await DuckDBInstance.create(file, { access_mode: "READ_ONLY", threads: "2" });
  const connection: DuckDBConnection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return {
    async rows(sql) {
      return (await connection.runAndReadAll(sql)).getRowObjectsJS();
    },
    async [Symbol.asyncDispose]() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** The catalog's columns by table, in the order added. */
export async function catalogColumns(warehouse: WarehouseFile): Promise<Map<string, CatalogColumn[]>> {
  const byTable = new Map<string, CatalogColumn[]>();
  for (const { table_name: table } of await warehouse.rows(
    "SELECT DISTINCT table_name FROM log_router.tables",
  ))
    byTable.set(String(table), []);
  const rows = await warehouse.rows("SELECT * FROM log_router.columns ORDER BY table_name, position");
  for (const row of rows) {
    const path: unknown = JSON.parse(String(row["path"]));
    if (!Array.isArray(path)) throw new Error(`a path of the catalog is no array: ${String(row["path"])}`);
    byTable.get(String(row["table_name"]))?.push({
      path: path.map(String),
      type: asColumnType(String(row["type"])),
      column: String(row["column_name"]),
      addedAt: new Date(0),
    });
  }
  return byTable;
}

/** Event type → table, as the catalog has it. */
export async function catalogTables(warehouse: WarehouseFile): Promise<Map<string, string>> {
  const rows = await warehouse.rows(
    "SELECT event_type, table_name FROM log_router.tables WHERE event_type <> ''",
  );
  return new Map(rows.map((row) => [String(row["event_type"]), String(row["table_name"])]));
}

/** Every row of every table as a document, ordered by source key and line. Rows that stand there twice come twice. */
export async function storedDocuments(
  warehouse: WarehouseFile,
  schema = "events",
): Promise<StoredDocument[]> {
  const sources = await warehouse.rows('SELECT source_id, "key" FROM log_router.sources');
  const keys = new Map(sources.map((row) => [String(row["source_id"]), String(row["key"])]));
  const documents: StoredDocument[] = [];
  for (const [table, columns] of await catalogColumns(warehouse))
    for (const row of await tableRows(warehouse, `${quoted(schema)}.${quoted(table)}`, columns))
      documents.push(storedDocument(table, columns, row, keys));
  return documents.sort((a, b) => compare(a.sourceKey, b.sourceKey) || a.line - b.line);
}

/** Values as text, in which nothing is rounded. Booleans stay what they are. */
async function tableRows(warehouse: WarehouseFile, table: string, columns: readonly CatalogColumn[]) {
  const selected = columns.map(({ column, type }) =>
    type === "boolean" ? quoted(column) : `${quoted(column)}::VARCHAR AS ${quoted(column)}`,
  );
  const system = ["_lr_source", "_lr_line", "_lr_event_type", "_lr_rescued::VARCHAR AS _lr_rescued"];
  return await warehouse.rows(`SELECT ${[...system, ...selected].join(", ")} FROM ${table}`);
}

function storedDocument(
  table: string,
  columns: readonly CatalogColumn[],
  row: Record<string, unknown>,
  keys: ReadonlyMap<string, string>,
): StoredDocument {
  const rescued = rescuedValues(row["_lr_rescued"]);
  const sourceId = String(row["_lr_source"]);
  return {
    sourceId,
    sourceKey: keys.get(sourceId) ?? `no row in sources for ${sourceId}`,
    line: Number(row["_lr_line"]),
    eventType: String(row["_lr_event_type"]),
    table,
    document: canonicalJson(formatExact(rebuildDocument(columns, row, rescued))),
    rescued: rescued.map(({ p, t }) => ({ p, t: t.join("") })),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
