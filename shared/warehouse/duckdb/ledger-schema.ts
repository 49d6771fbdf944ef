// Schema `log_router`: ledger, catalog and settings, as DESIGN.md 4 names them.
import { randomUUID } from "node:crypto";
import { RouterError } from "../../errors/router-error.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import { text } from "./row-values.ts";
import type { Session } from "./session.ts";

export const LEDGER_SCHEMA = "log_router";
/** Raised when the ledger's tables change in a way that older programs would misread. */
export const LEDGER_VERSION = 1;

const TABLES: readonly string[] = [
  `settings (name VARCHAR NOT NULL, value VARCHAR NOT NULL)`,
  `loads (source_id VARCHAR NOT NULL, generation BIGINT NOT NULL, event_type VARCHAR NOT NULL, table_name VARCHAR NOT NULL,
     "rows" BIGINT NOT NULL, rejected BIGINT NOT NULL, rescued BIGINT NOT NULL, parts BIGINT NOT NULL, receipt_key VARCHAR NOT NULL,
     batch_id VARCHAR NOT NULL, lane VARCHAR NOT NULL, loaded_at TIMESTAMPTZ NOT NULL, replaced_by VARCHAR)`,
  `sources (source_id VARCHAR NOT NULL, generation BIGINT NOT NULL, bucket VARCHAR NOT NULL, "key" VARCHAR NOT NULL, etag VARCHAR NOT NULL,
     last_modified TIMESTAMPTZ NOT NULL, bytes BIGINT NOT NULL, lines BIGINT NOT NULL, blank BIGINT NOT NULL, quarantined BIGINT NOT NULL,
     dropped BIGINT NOT NULL, normalised BIGINT NOT NULL, state VARCHAR NOT NULL, split_at TIMESTAMPTZ NOT NULL,
     on_overwrite VARCHAR NOT NULL, reason VARCHAR)`,
  `pending (source_id VARCHAR NOT NULL, generation BIGINT NOT NULL, event_type VARCHAR NOT NULL, receipt_key VARCHAR NOT NULL,
     attempts BIGINT NOT NULL, last_error VARCHAR NOT NULL, next_try TIMESTAMPTZ NOT NULL, since TIMESTAMPTZ NOT NULL)`,
  // An event_type '' stands for a table that has none yet.
  `tables (event_type VARCHAR NOT NULL, table_name VARCHAR NOT NULL, created_at TIMESTAMPTZ NOT NULL, catch_all BOOLEAN NOT NULL)`,
  `columns (table_name VARCHAR NOT NULL, path VARCHAR NOT NULL, type VARCHAR NOT NULL, column_name VARCHAR NOT NULL,
     added_at TIMESTAMPTZ NOT NULL, position BIGINT NOT NULL)`,
];

/** The settings, or undefined when there is no ledger yet. Throws when the ledger is another version's. */
export async function readSettings(session: Session): Promise<ReadonlyMap<string, string> | undefined> {
  const found = await session.rows(
    "SELECT 1 FROM duckdb_tables() WHERE schema_name = $schema AND table_name = 'settings' AND database_name = current_database()",
    { schema: LEDGER_SCHEMA },
  );
  if (found.length === 0) return undefined;
  const rows = await session.rows(`SELECT name, value FROM ${LEDGER_SCHEMA}.settings`);
  const settings = new Map(rows.map((row) => [text(row, "name"), text(row, "value")]));
  const version = settings.get("schema_version");
  if (version !== String(LEDGER_VERSION))
    throw new RouterError(
      "WAREHOUSE_FAILED",
      `the warehouse's ledger has version ${version ?? "unknown"}, this program needs ${LEDGER_VERSION}: use the program that made it, or another warehouse`,
      { details: { found: version, needed: LEDGER_VERSION } },
    );
  return settings;
}

/** Schema of the event tables, where the ledger tells it. */
export async function storedSchema(session: Session): Promise<string | undefined> {
  return (await readSettings(session))?.get("event_schema");
}

/** Throws CONFIG_INVALID when the event tables are in another schema: the catalog knows their names, but not in two places. */
function requireSameSchema(settings: ReadonlyMap<string, string>, eventSchema: string): void {
  const stored = settings.get("event_schema") ?? eventSchema;
  if (stored === eventSchema) return;
  throw new RouterError(
    "CONFIG_INVALID",
    `the event tables of this warehouse are in schema ${JSON.stringify(stored)}, the configuration says ${JSON.stringify(eventSchema)}: ` +
      `name the configuration that made them (--config), or set tables.schema to ${JSON.stringify(stored)}`,
    { details: { setting: "tables.schema", found: stored, configured: eventSchema } },
  );
}

/** True when nothing is left to create. Throws as `createLedger`. */
export async function isPrepared(session: Session, eventSchema: string): Promise<boolean> {
  const settings = await readSettings(session);
  if (settings === undefined) return false;
  requireSameSchema(settings, eventSchema);
  const schemas = await session.rows(
    "SELECT 1 FROM duckdb_schemas() WHERE schema_name = $schema AND database_name = current_database()",
    { schema: eventSchema },
  );
  return schemas.length > 0;
}

/** Creates what is missing, in a transaction of the caller's. The number of slots stays what it was at first, and so does the schema. */
export async function createLedger(session: Session, eventSchema: string, slots: number): Promise<void> {
  const settings = await readSettings(session);
  if (settings) requireSameSchema(settings, eventSchema);
  await session.run(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(eventSchema)}`);
  if (settings) return;
  await session.run(`CREATE SCHEMA IF NOT EXISTS ${LEDGER_SCHEMA}`);
  for (const table of TABLES) await session.run(`CREATE TABLE ${LEDGER_SCHEMA}.${table}`);
  await session.run(
    `INSERT INTO ${LEDGER_SCHEMA}.settings VALUES ('schema_version', $version), ('slots', $slots), ('warehouse_id', $id), ('catalog_version', '0'), ('event_schema', $schema)`,
    { schema: eventSchema, version: String(LEDGER_VERSION), slots: String(slots), id: randomUUID() },
  );
}
