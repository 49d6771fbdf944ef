// The statements of a load's one transaction (DESIGN.md 4): slots → guard → rows → count → ledger. Each has a label, so that what failed can
// be told from the number of the statement.
import type { RedshiftConfig } from "../../config/schema.ts";
import {
  EVENT_TYPE_MEMBER,
  LOADED_AT_COLUMN,
  OTHER_EVENT_TYPE,
  SOURCE_MEMBER,
} from "../../contracts/words.ts";
import { RouterError } from "../../errors/router-error.ts";
import { redshiftLiteral, redshiftName, redshiftTable, sameText } from "../sql/quote-redshift.ts";
import type { CopyGroup } from "./copy-groups.ts";
import { LEDGER_SCHEMA, lockSlots, shardTable } from "./ledger-schema.ts";

export type StatementLabel =
  | { readonly step: "slots" | "tables" | "list" | "catalog" | "guard" | "replace" | "ledger" | "settings" }
  | { readonly step: "copy" | "count"; readonly table: string; readonly isDirect: boolean };

export interface LabelledStatement {
  readonly label: StatementLabel;
  readonly sql: string;
}

/** A COPY with the keys of its manifest and jsonpaths. */
export interface ReadyCopy {
  readonly group: CopyGroup;
  readonly manifestUrl: string;
  readonly pathsUrl: string;
}

export interface LoadScript {
  readonly eventSchema: string;
  readonly redshift: RedshiftConfig;
  readonly batchId: string;
  /** Random: which transaction it was that put the batch into the ledger. */
  readonly attempt: string;
  /** Slots of all event types of the batch, replaced ones included, ascending. */
  readonly slots: readonly number[];
  /** Slots of the units that get a row in the ledger. */
  readonly ledgerSlots: readonly number[];
  /** Of the catalog that the plans were made from. */
  readonly catalogVersion: string;
  readonly units: number;
  readonly unitsUrl: string;
  readonly copies: readonly ReadyCopy[];
  readonly replaces?: ReplaceScript | undefined;
}

export interface ReplaceScript {
  readonly url: string;
  /** Units that are in `loads` and not replaced yet: as many must be found again. */
  readonly found: number;
  /** Tables that still exist with rows of these units. */
  readonly tables: readonly string[];
  readonly slots: readonly number[];
  /** Some of the units are of the shared event type, whose lines have types of their own. */
  readonly hasShared: boolean;
}

const UNITS = `CREATE TEMP TABLE lr_units (source_id VARCHAR(64), generation BIGINT, event_type VARCHAR(256), slot INTEGER, table_name VARCHAR(127),
  expected BIGINT, direct BOOLEAN, rejected BIGINT, rescued BIGINT, parts BIGINT, receipt_key VARCHAR(256), lane VARCHAR(16),
  bucket VARCHAR(256), "key" VARCHAR(4096), last_modified TIMESTAMPTZ)`;
const REPLACED =
  "CREATE TEMP TABLE lr_replaced (source_id VARCHAR(64), generation BIGINT, event_type VARCHAR(256), replaced_by VARCHAR(128))";

/** Division by zero ends the transaction. The CASE is the divisor: around the division it would be folded when the statement is planned. */
const onlyIfNone = "SELECT 1 / (CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END)";

export function loadStatements(script: LoadScript): readonly LabelledStatement[] {
  const { redshift } = script;
  const timeout = (seconds: number): LabelledStatement => ({
    label: { step: "settings" },
    sql: `SET statement_timeout TO ${seconds * 1000}`,
  });
  return [
    { label: { step: "slots" }, sql: lockSlots(script.slots) },
    // A table that somebody has locked must not keep the slots, and so other tables, waiting.
    timeout(redshift.table_wait_seconds),
    ...touchTables(script),
    timeout(redshift.load_timeout_seconds),
    { label: { step: "list" }, sql: UNITS },
    { label: { step: "list" }, sql: copyList("lr_units", script.unitsUrl, redshift) },
    {
      label: { step: "catalog" },
      sql: catalogGuard(script.catalogVersion),
    },
    { label: { step: "guard" }, sql: guard(script) },
    ...(script.replaces ? replaceStatements(script, script.replaces) : []),
    ...script.copies.flatMap((copy) => copyStatements(script, copy)),
    ...unitCounts(script),
    ...script.ledgerSlots.map((slot): LabelledStatement => ({
      label: { step: "ledger" },
      sql: ledgerInsert(slot, script),
    })),
  ];
}

/** The version names the warehouse and the last change of its catalog. */
export function catalogGuard(version: string): string {
  const [warehouse = "", change = ""] = version.split(".");
  return `SELECT 1 / (CASE WHEN COUNT(*) = 2 THEN 1 ELSE 0 END) FROM ${LEDGER_SCHEMA}.settings
  WHERE (name = 'catalog_version' AND value = ${redshiftLiteral(change)}) OR (name = 'warehouse_id' AND value = ${redshiftLiteral(warehouse)})`;
}

function touchTables({ copies, eventSchema }: LoadScript): LabelledStatement[] {
  const tables = [...new Set(copies.map(({ group }) => group.table))];
  if (tables.length === 0) return [];
  const selects = tables.map((table) => `SELECT 1 FROM ${redshiftTable(eventSchema, table)} WHERE 1 = 0`);
  return [{ label: { step: "tables" }, sql: selects.join(" UNION ALL ") }];
}

function credentials({ iam_role: role, bucket_region: region }: RedshiftConfig): string {
  return `IAM_ROLE ${role === "default" ? "default" : redshiftLiteral(role)}${region === undefined ? "" : ` REGION ${redshiftLiteral(region)}`}`;
}

function copyList(table: string, url: string, redshift: RedshiftConfig): string {
  return `COPY ${table} FROM ${redshiftLiteral(url)} ${credentials(redshift)} FORMAT JSON 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF`;
}

/** Ledger rows of the slots that are held; other shards belong to other loads. */
function shards(slots: readonly number[], columns: string): string {
  return `(${slots.map((slot) => `SELECT ${columns} FROM ${shardTable(slot)}`).join(" UNION ALL ")})`;
}

/** No unit of the batch nor a higher generation of it in `loads`, and no source that blocks one (source-rules.ts); the list is complete. */
function guard({ units, slots }: LoadScript): string {
  return `${onlyIfNone} FROM (
  SELECT 1 AS hit FROM lr_units u JOIN ${shards(slots, "source_id, generation, event_type")} l
    ON l.source_id = u.source_id AND ${sameText("l.event_type", "u.event_type")} AND l.generation >= u.generation
  UNION ALL SELECT 1 AS hit FROM lr_units u JOIN ${LEDGER_SCHEMA}.sources s ON s.bucket = u.bucket AND ${sameText('s."key"', 'u."key"')}
    WHERE (s.source_id = u.source_id AND s.generation > u.generation AND s.state IN ('loading', 'loaded', 'replaced'))
      OR (s.source_id <> u.source_id AND s.on_overwrite = 'replace' AND s.state NOT IN ('failed', 'dead')
        AND (s.last_modified > u.last_modified OR (s.last_modified = u.last_modified AND s.source_id > u.source_id)))
  UNION ALL SELECT 1 AS hit FROM (SELECT COUNT(*) AS listed FROM lr_units) c WHERE c.listed <> ${units}
) blocked`;
}

function copyStatements({ redshift, eventSchema }: LoadScript, copy: ReadyCopy): LabelledStatement[] {
  const { table, rows, isDirect } = copy.group;
  return [
    { label: { step: "copy", table, isDirect }, sql: copyStatement(eventSchema, redshift, copy) },
    {
      label: { step: "count", table, isDirect },
      sql: `SELECT 1 / (CASE WHEN pg_last_copy_count() = ${rows} THEN 1 ELSE 0 END)`,
    },
  ];
}

export function copyStatement(
  eventSchema: string,
  redshift: RedshiftConfig,
  copy: ReadyCopy,
  noLoad = false,
): string {
  const { table, columns, compression } = copy.group;
  const list = columns.map(redshiftName).join(", ");
  // ROUNDEC: decimals of at most 15 digits pass through a double, and cutting there would take 29.99 for 29.98.
  return `COPY ${redshiftTable(eventSchema, table)} (${list}) FROM ${redshiftLiteral(copy.manifestUrl)} ${credentials(redshift)} MANIFEST
  FORMAT JSON ${redshiftLiteral(copy.pathsUrl)} ${compression.toUpperCase()} TIMEFORMAT 'auto' DATEFORMAT 'auto' ROUNDEC COMPUPDATE OFF${noLoad ? " NOLOAD" : ""}`;
}

/** A direct COPY of several units counts them together: each by itself here, by what the transaction has just put into the tables. */
function unitCounts({ copies, eventSchema }: LoadScript): LabelledStatement[] {
  const tables = [...new Set(copies.filter(({ group }) => group.isDirect).map(({ group }) => group.table))];
  if (tables.length === 0) return [];
  const [source, eventType, loadedAt] = [SOURCE_MEMBER, EVENT_TYPE_MEMBER, LOADED_AT_COLUMN].map(
    redshiftName,
  );
  const counts = tables.map(
    (
      table,
    ) => `SELECT ${redshiftLiteral(table)} AS table_name, ${source} AS source_id, ${eventType} AS event_type, COUNT(*) AS n
    FROM ${redshiftTable(eventSchema, table)} WHERE ${loadedAt} = CAST(SYSDATE AS TIMESTAMPTZ) GROUP BY ${source}, ${eventType}`,
  );
  const label = { step: "count", table: tables[0]!, isDirect: true } as const;
  return [
    {
      label,
      sql: `${onlyIfNone} FROM lr_units u LEFT JOIN (${counts.join(" UNION ALL ")}) c
  ON c.source_id = u.source_id AND ${sameText("c.event_type", "u.event_type")} AND ${sameText("c.table_name", "u.table_name")}
  WHERE u.direct AND u.expected <> COALESCE(c.n, 0)`,
    },
  ];
}

function ledgerInsert(slot: number, { batchId, attempt }: LoadScript): string {
  return `INSERT INTO ${shardTable(slot)} (source_id, generation, event_type, table_name, "rows", rejected, rescued, parts, receipt_key, batch_id, lane, loaded_at, attempt)
  SELECT source_id, generation, event_type, table_name, expected, rejected, rescued, parts, receipt_key, ${redshiftLiteral(batchId)}, lane, SYSDATE, ${redshiftLiteral(attempt)}
  FROM lr_units WHERE slot = ${slot}`;
}

/**
 * Deletes the rows of the replaced units and marks the units. A unit's rows are those of its source and event type that were loaded in its
 * transaction; of the shared event type, those of all types that are no unit of that source and generation.
 */
function replaceStatements(
  script: LoadScript,
  { url, found, tables, slots, hasShared }: ReplaceScript,
): LabelledStatement[] {
  const label = { step: "replace" } as const;
  const gone = `CREATE TEMP TABLE lr_gone AS SELECT l.source_id, l.generation, l.event_type, l.table_name, l.loaded_at, r.replaced_by
  FROM lr_replaced r JOIN ${shards(slots, "source_id, generation, event_type, table_name, loaded_at, replaced_by")} l
    ON l.source_id = r.source_id AND l.generation = r.generation AND ${sameText("l.event_type", "r.event_type")}
  WHERE l.replaced_by IS NULL`;
  const own = `CREATE TEMP TABLE lr_own AS SELECT DISTINCT l.source_id || '/' || l.event_type || '.' AS line_type
  FROM ${LEDGER_SCHEMA}.loads l JOIN lr_gone g ON l.source_id = g.source_id AND l.generation = g.generation
  WHERE g.event_type = '${OTHER_EVENT_TYPE}' AND l.event_type <> '${OTHER_EVENT_TYPE}'`;
  const statements = [
    REPLACED,
    copyList("lr_replaced", url, script.redshift),
    gone,
    `SELECT 1 / (CASE WHEN COUNT(*) = ${found} THEN 1 ELSE 0 END) FROM lr_gone`,
    ...(hasShared ? [own] : []),
    ...tables.flatMap((table) => deleteRows(script.eventSchema, table, hasShared)),
    ...slots.map(
      (slot) => `UPDATE ${shardTable(slot)} SET replaced_by = g.replaced_by FROM lr_gone g
  WHERE loads_${slot}.source_id = g.source_id AND loads_${slot}.generation = g.generation AND ${sameText(`loads_${slot}.event_type`, "g.event_type")}`,
    ),
  ];
  return statements.map((sql) => ({ label, sql }));
}

function deleteRows(eventSchema: string, table: string, hasShared: boolean): string[] {
  const name = redshiftName(table);
  const [source, eventType, loadedAt] = [SOURCE_MEMBER, EVENT_TYPE_MEMBER, LOADED_AT_COLUMN].map(
    (column) => `${name}.${redshiftName(column)}`,
  );
  const head = `DELETE FROM ${redshiftTable(eventSchema, table)} USING lr_gone g
  WHERE ${sameText("g.table_name", redshiftLiteral(table))} AND ${source} = g.source_id AND ${loadedAt} = g.loaded_at`;
  const exact = `${head} AND ${sameText(eventType!, "g.event_type")}`;
  const shared = `${head} AND g.event_type = '${OTHER_EVENT_TYPE}' AND ${source} || '/' || ${eventType} || '.' NOT IN (SELECT line_type FROM lr_own)`;
  return hasShared ? [exact, shared] : [exact];
}

/** The Data API takes 40 statements of 100 KB together; the session's two settings come on top. */
const MAX_STATEMENTS = 38;
const MAX_BYTES = 99_000;

/** Throws when the transaction cannot be sent: its tables have to be loaded apart. False instead of throwing where there is another way. */
export function requireFit(
  statements: readonly LabelledStatement[],
  tables: readonly string[],
  hasOtherWay = false,
): boolean {
  const bytes = statements.reduce((sum, { sql }) => sum + Buffer.byteLength(sql), 0);
  if (statements.length <= MAX_STATEMENTS && bytes <= MAX_BYTES) return true;
  if (hasOtherWay) return false;
  throw new RouterError(
    "WAREHOUSE_FAILED",
    `a load of ${tables.length} tables needs ${statements.length} statements of ${bytes} bytes, the Data API takes ${MAX_STATEMENTS} of ${MAX_BYTES} in one transaction; nothing was sent. Load fewer tables together`,
    { details: { tables: tables.slice(0, 5).join(", "), statements: statements.length, bytes } },
  );
}
