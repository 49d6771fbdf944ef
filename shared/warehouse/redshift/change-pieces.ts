// A change of tables cut into transactions that fit the Data API: a table is created with as many columns as one statement list holds, the
// others are added by later transactions. Each piece carries its rows of the catalog, so that after any of them catalog and tables agree.
import {
  EVENT_TYPE_MEMBER,
  LINE_MEMBER,
  LOADED_AT_COLUMN,
  RESCUED_MEMBER,
  SOURCE_MEMBER,
} from "../../contracts/words.ts";
import type { RedshiftConfig } from "../../config/schema.ts";
import { pathKey } from "../../schema/names.ts";
import type { NewColumn, Path, TableChange } from "../../schema/types.ts";
import { redshiftLiteral, redshiftName, redshiftTable } from "../sql/quote-redshift.ts";
import { valueChunks, type Literal } from "./database.ts";
import { grantTable, LEDGER_SCHEMA } from "./ledger-schema.ts";
import { canBeKey, columnEncoding, sqlType } from "./types.ts";

/** Every table starts with these. `_lr_loaded_at` is the start of the load's transaction, the same as its rows in `loads` have. */
const SYSTEM_COLUMNS = [
  `${redshiftName(SOURCE_MEMBER)} VARCHAR(64) NOT NULL`,
  `${redshiftName(LINE_MEMBER)} BIGINT NOT NULL`,
  `${redshiftName(EVENT_TYPE_MEMBER)} VARCHAR(256) NOT NULL`,
  `${redshiftName(LOADED_AT_COLUMN)} TIMESTAMPTZ NOT NULL DEFAULT SYSDATE`,
  `${redshiftName(RESCUED_MEMBER)} SUPER`,
];

/** Statements of one transaction besides lock, guard and version, and their bytes. */
const MAX_STATEMENTS = 30;
const MAX_BYTES = 80_000;

export interface PieceSettings {
  readonly eventSchema: string;
  readonly redshift: RedshiftConfig;
  readonly grantSelectTo: readonly string[];
  /** Path of the distribution key of a table with these event types, if configured. */
  readonly distKey: (eventTypes: readonly string[]) => Path | undefined;
  readonly now: Date;
}

/** The statements of one transaction. */
export type Piece = readonly string[];

/** All of the change but widening and rewriting. `ordinal`: of the first new column in the catalog. */
export function changePieces(
  change: TableChange,
  ordinal: number,
  settings: PieceSettings,
): readonly Piece[] {
  const rows = new Packer();
  const { table } = change;
  const columns = change.addColumns.map((column, at) => ({
    column,
    row: columnRow(table, column, ordinal + at, settings.now),
  }));
  const eventTypes = change.create && change.eventTypes.length === 0 ? [""] : change.eventTypes;
  const typeRows = eventTypes.map((eventType): Literal[] => [
    eventType,
    table,
    settings.now,
    change.catchAll,
  ]);
  // A table without its first row in the catalog would be a foreign one: that row is in the piece that creates it.
  const [firstType, ...otherTypes] = typeRows;
  let added = 0;
  if (change.create) {
    added = firstGroup(columns);
    const first = columns.slice(0, added);
    const statements = [
      createTable(
        change,
        first.map(({ column }) => column),
        settings,
      ),
      ...insertTypes(firstType ? [firstType] : []),
      ...insertColumns(first.map(({ row }) => row)),
      ...grantTable(settings.eventSchema, table, settings.grantSelectTo),
    ];
    rows.take(statements);
  }
  const target = redshiftTable(settings.eventSchema, table);
  for (const { column, row } of columns.slice(added))
    rows.take([`ALTER TABLE ${target} ADD COLUMN ${definition(column, settings)}`], row);
  for (const statement of insertTypes(change.create ? otherTypes : typeRows)) rows.take([statement]);
  return rows.pieces();
}

/** How many columns CREATE TABLE takes, with their rows of the catalog. */
function firstGroup(
  columns: readonly { readonly column: NewColumn; readonly row: readonly Literal[] }[],
): number {
  let bytes = 2_000;
  const fits = columns.findIndex(({ column, row }) => {
    bytes += Buffer.byteLength(column.column) + 40 + rowBytes(row);
    return bytes > MAX_BYTES;
  });
  return fits < 0 ? columns.length : fits;
}

const rowBytes = (row: readonly Literal[]): number =>
  row.reduce<number>((sum, value) => sum + Buffer.byteLength(String(value)) + 40, 0);

/** Packs statements into pieces; rows of the catalog are joined into few INSERTs. */
class Packer {
  readonly #pieces: { statements: string[]; rows: (readonly Literal[])[]; bytes: number }[] = [];

  take(statements: readonly string[], row?: readonly Literal[]): void {
    const bytes =
      statements.reduce((sum, sql) => sum + Buffer.byteLength(sql), 0) + (row ? rowBytes(row) : 0);
    let last = this.#pieces.at(-1);
    if (
      !last ||
      last.statements.length + statements.length > MAX_STATEMENTS ||
      last.bytes + bytes > MAX_BYTES
    ) {
      last = { statements: [], rows: [], bytes: 0 };
      this.#pieces.push(last);
    }
    last.statements.push(...statements);
    if (row) last.rows.push(row);
    last.bytes += bytes;
  }

  pieces(): Piece[] {
    return this.#pieces.map(({ statements, rows }) => [...statements, ...insertColumns(rows)]);
  }
}

function columnRow(table: string, { path, type, column }: NewColumn, ordinal: number, now: Date): Literal[] {
  return [table, JSON.stringify(path), type, column, now, ordinal];
}

function insertColumns(rows: readonly (readonly Literal[])[]): string[] {
  return valueChunks(rows).map(
    (values) =>
      `INSERT INTO ${LEDGER_SCHEMA}."columns" (table_name, "path", "type", column_name, added_at, ordinal) VALUES ${values}`,
  );
}

function insertTypes(rows: readonly (readonly Literal[])[]): string[] {
  return valueChunks(rows).map(
    (values) =>
      `INSERT INTO ${LEDGER_SCHEMA}.tables (event_type, table_name, created_at, catch_all) VALUES ${values}`,
  );
}

function definition({ column, type }: NewColumn, { redshift }: PieceSettings): string {
  return `${redshiftName(column)} ${sqlType(type)}${columnEncoding(type, redshift.string_encoding)}`;
}

function createTable(change: TableChange, columns: readonly NewColumn[], settings: PieceSettings): string {
  const all = [...SYSTEM_COLUMNS, ...columns.map((column) => definition(column, settings))];
  const columnAt = (path: Path | undefined): NewColumn | undefined =>
    path && columns.find((column) => pathKey(column.path) === pathKey(path) && canBeKey(column.type));
  const sort = columnAt(change.eventTime);
  const dist = columnAt(settings.distKey(change.eventTypes));
  const distribution = dist
    ? `DISTSTYLE KEY DISTKEY (${redshiftName(dist.column)})`
    : `DISTSTYLE ${settings.redshift.dist_style.toUpperCase()}`;
  const order = sort ? `COMPOUND SORTKEY (${redshiftName(sort.column)})` : "SORTKEY AUTO";
  return `CREATE TABLE ${redshiftTable(settings.eventSchema, change.table)} (${all.join(", ")}) ${distribution} ${order}`;
}

/** The catalog's row of a column that is wider by now. */
export function widenPieces(changes: readonly TableChange[]): readonly Piece[] {
  const updates = changes.flatMap(({ table, widen }) =>
    widen.map(({ column, to }) => updateType(table, column, to)),
  );
  return Array.from({ length: Math.ceil(updates.length / MAX_STATEMENTS) }, (_, at) =>
    updates.slice(at * MAX_STATEMENTS, (at + 1) * MAX_STATEMENTS),
  );
}

function updateType(table: string, column: string, type: string): string {
  return `UPDATE ${LEDGER_SCHEMA}."columns" SET "type" = ${redshiftLiteral(type)}
  WHERE table_name = ${redshiftLiteral(table)} AND column_name = ${redshiftLiteral(column)}`;
}

/** Beyond, a double no longer holds every integer. */
const MAX_EXACT = "9007199254740992";
const REWRITTEN = redshiftName("_lr_rewritten");

/** Counts of `unfitForRewrite` in one row: rows, then for each column the values that a double would change. */
export function rewriteCounts(target: string, columns: readonly string[]): string {
  const beyond = columns.map((column) => {
    const name = redshiftName(column);
    return `COUNT(CASE WHEN ${name} > ${MAX_EXACT} OR ${name} < -${MAX_EXACT} THEN 1 END)`;
  });
  return `SELECT COUNT(*), ${beyond.join(", ")} FROM ${target}`;
}

/**
 * The guard, and the column written anew: only VARCHARs can change their type in place. The table is locked by then, so that the statements
 * wait for nobody and may take their time.
 */
export function rewritePiece(
  eventSchema: string,
  table: string,
  column: string,
  limits: { readonly rewriteRows: number; readonly timeoutSeconds: number },
): Piece {
  const target = redshiftTable(eventSchema, table);
  const name = redshiftName(column);
  return [
    `SET statement_timeout TO ${limits.timeoutSeconds * 1000}`,
    `SELECT 1 / (CASE WHEN COUNT(*) < ${limits.rewriteRows} AND COUNT(CASE WHEN ${name} > ${MAX_EXACT} OR ${name} < -${MAX_EXACT} THEN 1 END) = 0 THEN 1 ELSE 0 END) FROM ${target}`,
    `ALTER TABLE ${target} ADD COLUMN ${REWRITTEN} DOUBLE PRECISION`,
    `UPDATE ${target} SET ${REWRITTEN} = CAST(${name} AS DOUBLE PRECISION)`,
    `ALTER TABLE ${target} DROP COLUMN ${name}`,
    `ALTER TABLE ${target} RENAME COLUMN ${REWRITTEN} TO ${name}`,
    updateType(table, column, "double"),
  ];
}
