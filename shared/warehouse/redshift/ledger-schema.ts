// Schema `log_router` on Redshift: ledger, catalog, settings, and the tables that are only ever locked. `loads` is a view over one shard a
// slot, so that two running loads write to no ledger table in common.
import { randomUUID } from "node:crypto";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import { foldName, redshiftLiteral, redshiftName, redshiftTable } from "../sql/quote-redshift.ts";
import type { Database, Run } from "./database.ts";
import { failureKind, statementError } from "./errors.ts";
import { count, text } from "./rows.ts";

export const LEDGER_SCHEMA = "log_router";
/** Raised when the ledger's tables change in a way that older programs would misread. */
const LEDGER_VERSION = 1;
/** Longest texts of a person's or a warehouse's words that the ledger keeps, in bytes. */
export const MAX_REASON_BYTES = 4096;

export const CATALOG_LOCK = `${LEDGER_SCHEMA}.catalog_lock`;
export const SOURCES_LOCK = `${LEDGER_SCHEMA}.sources_lock`;
export const shardTable = (slot: number): string => `${LEDGER_SCHEMA}.loads_${slot}`;
export const slotTable = (slot: number): string => `${LEDGER_SCHEMA}.slot_${slot}`;

/** LOCK statement of the slots, in the one order that everybody has. */
export function lockSlots(slots: readonly number[], ...more: readonly string[]): string {
  return `LOCK TABLE ${[...slots.map(slotTable), ...more].join(", ")}`;
}

const LOADS = `source_id VARCHAR(64) NOT NULL, generation BIGINT NOT NULL, event_type VARCHAR(256) NOT NULL, table_name VARCHAR(127) NOT NULL,
  "rows" BIGINT NOT NULL, rejected BIGINT NOT NULL, rescued BIGINT NOT NULL, parts BIGINT NOT NULL, receipt_key VARCHAR(256) NOT NULL,
  batch_id VARCHAR(64) NOT NULL, lane VARCHAR(16) NOT NULL, loaded_at TIMESTAMPTZ NOT NULL, replaced_by VARCHAR(128), attempt VARCHAR(32) NOT NULL`;

const TABLES: readonly (readonly [string, string])[] = [
  [
    "sources",
    `source_id VARCHAR(64) NOT NULL, generation BIGINT NOT NULL, bucket VARCHAR(256) NOT NULL, "key" VARCHAR(4096) NOT NULL,
  etag VARCHAR(256) NOT NULL, last_modified TIMESTAMPTZ NOT NULL, bytes BIGINT NOT NULL, lines BIGINT NOT NULL, blank BIGINT NOT NULL,
  quarantined BIGINT NOT NULL, dropped BIGINT NOT NULL, normalised BIGINT NOT NULL, state VARCHAR(16) NOT NULL, split_at TIMESTAMPTZ NOT NULL,
  on_overwrite VARCHAR(16) NOT NULL, reason VARCHAR(${MAX_REASON_BYTES}), revision BIGINT NOT NULL`,
  ],
  [
    "pending",
    `source_id VARCHAR(64) NOT NULL, generation BIGINT NOT NULL, event_type VARCHAR(256) NOT NULL, receipt_key VARCHAR(256) NOT NULL,
  attempts BIGINT NOT NULL, last_error VARCHAR(${MAX_REASON_BYTES}) NOT NULL, next_try TIMESTAMPTZ NOT NULL, since TIMESTAMPTZ NOT NULL`,
  ],
  // An event_type '' stands for a table that has none yet.
  [
    "tables",
    "event_type VARCHAR(256) NOT NULL, table_name VARCHAR(127) NOT NULL, created_at TIMESTAMPTZ NOT NULL, catch_all BOOLEAN NOT NULL",
  ],
  [
    "columns",
    `table_name VARCHAR(127) NOT NULL, "path" VARCHAR(16384) NOT NULL, "type" VARCHAR(64) NOT NULL, column_name VARCHAR(127) NOT NULL,
  added_at TIMESTAMPTZ NOT NULL, ordinal BIGINT NOT NULL`,
  ],
];

export interface LedgerSettings {
  readonly slots: number;
  /** Opaque; changes with every change of the catalog. */
  readonly catalogVersion: string;
  /** Schema of the event tables, lower case, where the ledger tells it. */
  readonly eventSchema: string | undefined;
}

export const SETTINGS_QUERY = `SELECT name, value FROM ${LEDGER_SCHEMA}.settings`;

/** The settings of a complete ledger; undefined of one that is still being made. Throws when the ledger is another version's. */
export function parseSettings(rows: readonly (readonly unknown[])[]): LedgerSettings | undefined {
  const settings = new Map(rows.map(([name, value]) => [name, String(value)]));
  const version = settings.get("schema_version");
  if (version === undefined) return undefined;
  if (version !== String(LEDGER_VERSION))
    throw new RouterError(
      "WAREHOUSE_FAILED",
      `the warehouse's ledger has version ${version}, this program needs ${LEDGER_VERSION}: use the program that made it, or another warehouse`,
      { details: { found: version, needed: LEDGER_VERSION } },
    );
  return {
    slots: Number(settings.get("slots")),
    catalogVersion: `${settings.get("warehouse_id")}.${settings.get("catalog_version")}`,
    eventSchema: settings.get("event_schema"),
  };
}

export interface PrepareOptions {
  readonly eventSchema: string;
  readonly slots: number;
  readonly grantSelectTo: readonly string[];
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** CREATE … IF NOT EXISTS beside somebody else's fails on some days: the next round sees what is there. */
const ATTEMPTS = 12;

/**
 * Creates what is missing. Idempotent, safe beside others. The number of slots stays what it was at first, and so does the schema of the event
 * tables: throws CONFIG_INVALID for another one, because the catalog knows the tables' names, but not in two places.
 */
export async function prepareLedger(database: Database, options: PrepareOptions): Promise<LedgerSettings> {
  for (let attempt = 1; ; attempt++) {
    try {
      const settings = (await readSettings(database, options)) ?? (await createLedger(database, options));
      requireSameSchema(settings, options.eventSchema);
      await grantUse(database, options);
      return settings;
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof RouterError) || !isRace(error)) throw error;
      await options.clock.sleep(Math.random() * 100 * attempt, options.signal);
    }
  }
}

function requireSameSchema({ eventSchema: stored }: LedgerSettings, eventSchema: string): void {
  if (stored === undefined || stored === foldName(eventSchema)) return;
  throw new RouterError(
    "CONFIG_INVALID",
    `the event tables of this warehouse are in schema ${JSON.stringify(stored)}, the configuration says ${JSON.stringify(eventSchema)}: ` +
      `name the configuration that made them (--config), or set tables.schema to ${JSON.stringify(stored)}`,
    { details: { setting: "tables.schema", found: stored, configured: eventSchema } },
  );
}

function isRace(error: RouterError): boolean {
  return (
    ["conflict", "exists", "timeout"].includes(String(error.details["kind"])) ||
    /concurrently updated/.test(error.message)
  );
}

/** Undefined when there is no ledger, or only a part of one, or no schema for the events. */
async function readSettings(
  database: Database,
  { eventSchema, signal }: PrepareOptions,
): Promise<LedgerSettings | undefined> {
  const run: Run = { name: "prepare", signal };
  const rows = await database.query(
    `SELECT table_schema, COUNT(*) FROM svv_tables WHERE table_schema = '${LEDGER_SCHEMA}' AND table_name = 'settings' GROUP BY table_schema`,
    run,
  );
  if (rows.length === 0) return undefined;
  const settings = parseSettings(await database.query(SETTINGS_QUERY, run));
  // Before a schema of that name is made.
  if (settings) requireSameSchema(settings, eventSchema);
  const [schemas] = await database.query(
    `SELECT COUNT(*) FROM pg_namespace WHERE nspname = ${redshiftLiteral(eventSchema.toLowerCase())}`,
    run,
  );
  return count(schemas!, 0) > 0 ? settings : undefined;
}

async function createLedger(database: Database, options: PrepareOptions): Promise<LedgerSettings> {
  const run: Run = { name: "prepare", signal: options.signal, timeoutSeconds: 60 };
  const create = (name: string, columns: string) =>
    `CREATE TABLE IF NOT EXISTS ${LEDGER_SCHEMA}.${name} (${columns})`;
  const isHeld = "held BOOLEAN";
  for (const sql of [
    `CREATE SCHEMA IF NOT EXISTS ${redshiftName(options.eventSchema)}`,
    `CREATE SCHEMA IF NOT EXISTS ${LEDGER_SCHEMA}`,
    create("catalog_lock", isHeld),
  ]) {
    const outcome = await database.alone(sql, run);
    if (outcome.kind === "failed" && failureKind(outcome.error) !== "exists")
      throw statementError(run.name, database.target, outcome.error);
  }
  const slots = await firstSettings(database, options, run);
  const all = Array.from({ length: slots }, (_, slot) => slot);
  const statements = [
    create("sources_lock", isHeld),
    ...TABLES.map(([name, columns]) => create(name, columns)),
    ...all.flatMap((slot) => [create(`slot_${slot}`, isHeld), create(`loads_${slot}`, LOADS)]),
  ];
  for (let at = 0; at < statements.length; at += 30)
    await database.transaction([`LOCK TABLE ${CATALOG_LOCK}`, ...statements.slice(at, at + 30)], run);
  const shards = all.map((slot) => `SELECT ${LOADS_COLUMNS}, attempt FROM ${shardTable(slot)}`);
  await database.transaction(
    [
      `LOCK TABLE ${CATALOG_LOCK}`,
      `CREATE OR REPLACE VIEW ${LEDGER_SCHEMA}.loads AS ${shards.join(" UNION ALL ")}`,
      insertSetting("schema_version", String(LEDGER_VERSION)),
    ],
    run,
  );
  return parseSettings(await database.query(SETTINGS_QUERY, run))!;
}

export const LOADS_COLUMNS =
  'source_id, generation, event_type, table_name, "rows", rejected, rescued, parts, receipt_key, batch_id, lane, loaded_at, replaced_by';

function insertSetting(name: string, value: string): string {
  return `INSERT INTO ${LEDGER_SCHEMA}.settings (name, value) SELECT ${redshiftLiteral(name)}, ${redshiftLiteral(value)}
  WHERE NOT EXISTS (SELECT 1 FROM ${LEDGER_SCHEMA}.settings WHERE name = ${redshiftLiteral(name)})`;
}

/** Whoever comes first says how many slots there are. */
async function firstSettings(
  database: Database,
  { slots, eventSchema }: PrepareOptions,
  run: Run,
): Promise<number> {
  const done = await database.transaction(
    [
      `LOCK TABLE ${CATALOG_LOCK}`,
      `CREATE TABLE IF NOT EXISTS ${LEDGER_SCHEMA}.settings (name VARCHAR(64) NOT NULL, value VARCHAR(256) NOT NULL)`,
      insertSetting("slots", String(slots)),
      insertSetting("warehouse_id", randomUUID()),
      insertSetting("catalog_version", "0"),
      insertSetting("event_schema", foldName(eventSchema)),
      `SELECT value FROM ${LEDGER_SCHEMA}.settings WHERE name = 'slots'`,
    ],
    run,
  );
  const [row] = await done.rows(6);
  return Number(text(row!, 0));
}

/** Also the tables that were there before the configuration named the roles. */
async function grantUse(
  database: Database,
  { eventSchema, grantSelectTo, signal }: PrepareOptions,
): Promise<void> {
  if (grantSelectTo.length === 0) return;
  const roles = grantSelectTo.map((role) => `ROLE ${redshiftName(role)}`).join(", ");
  const schema = redshiftName(eventSchema);
  await database.transaction(
    [
      `GRANT USAGE ON SCHEMA ${schema} TO ${roles}`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${roles}`,
    ],
    { name: "prepare", signal },
  );
}

/** The statement that lets the configured roles read one table; empty when there are none. */
export function grantTable(
  eventSchema: string,
  table: string,
  grantSelectTo: readonly string[],
): readonly string[] {
  if (grantSelectTo.length === 0) return [];
  const roles = grantSelectTo.map((role) => `ROLE ${redshiftName(role)}`).join(", ");
  return [`GRANT SELECT ON ${redshiftTable(eventSchema, table)} TO ${roles}`];
}
