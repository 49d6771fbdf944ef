// ALTER TABLE with Redshift's grammar: one action a statement, VARCHAR the only type that changes, and that not in a transaction block.
import { byteLimit, columnComment, columnSql, readColumn, readEncoding } from "./column-definition.ts";
import { readType } from "./column-types.ts";
import {
  checkColumnName,
  quoteName,
  quoteString,
  quoteTable,
  readName,
  readTableName,
} from "./identifiers.ts";
import { Reader, splitCommas } from "./reader.ts";
import { SqlError } from "./sql-error.ts";

export interface AlterTable {
  readonly sql: readonly string[];
  /** May not run inside a transaction block. */
  readonly alone?: boolean;
}

/** `reader` stands behind ALTER TABLE. */
export function alterTable(reader: Reader): AlterTable {
  const name = readTableName(reader);
  const table = quoteTable(name);
  if (reader.accept("add")) return { sql: addColumn(reader, table) };
  if (reader.accept("append", "from")) {
    const from = quoteTable(readTableName(reader));
    return { alone: true, sql: [`INSERT INTO ${table} SELECT * FROM ${from}`, `TRUNCATE ${from}`] };
  }
  if (reader.accept("drop")) {
    reader.accept("column");
    const column = quoteName(readName(reader));
    const cascade = reader.accept("cascade") ? " CASCADE" : "";
    if (!cascade) reader.accept("restrict");
    reader.end();
    return { sql: [`ALTER TABLE ${table} DROP COLUMN ${column}${cascade}`] };
  }
  if (reader.accept("rename")) return { sql: rename(reader, table) };
  if (reader.accept("owner", "to"))
    return { sql: [`ALTER TABLE ${table} OWNER TO ${quoteName(readName(reader))}`] };
  if (reader.accept("alter", "sortkey", "auto") || reader.accept("alter", "encode", "auto"))
    return { sql: [] };
  if (reader.accept("alter", "diststyle")) {
    if (!["auto", "even", "all"].some((word) => reader.accept(word))) throw reader.error();
    return { sql: [] };
  }
  if (reader.accept("alter")) return alterColumn(reader, table);
  throw reader.error();
}

function addColumn(reader: Reader, table: string): string[] {
  reader.accept("column");
  if (reader.looksAt("if"))
    throw new SqlError('syntax error at or near "if": ADD COLUMN has no IF NOT EXISTS');
  const tokens = reader.rest();
  if (splitCommas(tokens).length > 1) throw new SqlError("only one ADD COLUMN is allowed in a statement");
  const column = readColumn(new Reader(tokens));
  if (column.constraint || column.identity || column.distKey || column.sortKey)
    throw new SqlError(
      `an added column cannot be UNIQUE, PRIMARY KEY, REFERENCES, IDENTITY, DISTKEY or SORTKEY`,
    );
  if (column.notNull && column.defaultSql === undefined)
    throw new SqlError(`ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression`);
  return [`ALTER TABLE ${table} ADD COLUMN ${columnSql(column)}`, columnComment(table, column)];
}

function rename(reader: Reader, table: string): string[] {
  if (reader.accept("to")) {
    const to = readName(reader);
    reader.end();
    return [`ALTER TABLE ${table} RENAME TO ${quoteName(to)}`];
  }
  reader.accept("column");
  const from = readName(reader);
  reader.expect("to");
  const to = checkColumnName(readName(reader));
  reader.end();
  return [`ALTER TABLE ${table} RENAME COLUMN ${quoteName(from)} TO ${quoteName(to)}`];
}

/** Encodings whose columns cannot be widened (ALTER TABLE, "ALTER COLUMN … TYPE"). */
const NOT_WIDENED = ["bytedict", "runlength", "text255", "text32k"];

function alterColumn(reader: Reader, table: string): AlterTable {
  reader.accept("column");
  const column = readName(reader);
  if (reader.accept("encode")) {
    const encode = readEncoding(reader);
    reader.end();
    return { sql: [recomment(table, column, `split_part(old, '|', 1) || '|' || ${quoteString(encode)}`)] };
  }
  if (!reader.accept("type"))
    throw new SqlError("Redshift changes only the type or the encoding of a column");
  const type = readType(reader);
  reader.end();
  if (type.kind !== "varchar")
    throw new SqlError(`target data type "${type.kind}" is not supported: only VARCHAR columns change`);
  const limit = byteLimit(column, type)!;
  return { alone: true, sql: [widen(table, column, type.bytes, limit)] };
}

/** One DO block, because old limit, default and encoding are in the catalog. */
function widen(table: string, column: string, bytes: number, limit: { name: string; check: string }): string {
  const id = quoteString(table);
  const name = quoteString(unquoted(column));
  const refused = NOT_WIDENED.map(quoteString).join(", ");
  return `DO $rs$ DECLARE old text; constr text; BEGIN
    SELECT col_description(attrelid, attnum) INTO old FROM pg_attribute WHERE attrelid = ${id}::regclass AND attname = ${name} AND NOT attisdropped;
    IF old IS NULL OR old NOT LIKE 'character varying%' THEN RAISE EXCEPTION 'column ${unquoted(column).replaceAll("'", "''").replaceAll("%", "%%")} is no VARCHAR column'; END IF;
    IF split_part(old, '|', 2) IN (${refused}) THEN RAISE EXCEPTION 'cannot alter a column with encoding %', split_part(old, '|', 2); END IF;
    IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = ${id}::regclass AND attname = ${name} AND atthasdef) THEN RAISE EXCEPTION 'cannot alter type of a column with a default value'; END IF;
    SELECT conname INTO constr FROM pg_constraint WHERE conrelid = ${id}::regclass AND contype = 'c' AND conkey =
      ARRAY[(SELECT attnum FROM pg_attribute WHERE attrelid = ${id}::regclass AND attname = ${name})];
    IF constr IS NOT NULL THEN EXECUTE format('ALTER TABLE ${table.replaceAll("'", "''").replaceAll("%", "%%")} DROP CONSTRAINT %I', constr); END IF;
    EXECUTE ${quoteString(`ALTER TABLE ${table} ADD CONSTRAINT ${limit.name} ${limit.check}`)};
    EXECUTE ${quoteString(`COMMENT ON COLUMN ${table}.${quoteName(column)} IS `)} || quote_literal('character varying(${bytes})|' || split_part(old, '|', 2));
  END $rs$`;
}

function recomment(table: string, column: string, expression: string): string {
  const name = quoteString(unquoted(column));
  return `DO $rs$ DECLARE old text; BEGIN
    SELECT col_description(attrelid, attnum) INTO STRICT old FROM pg_attribute WHERE attrelid = ${quoteString(table)}::regclass AND attname = ${name} AND NOT attisdropped;
    EXECUTE ${quoteString(`COMMENT ON COLUMN ${table}.${quoteName(column)} IS `)} || quote_literal(${expression});
  END $rs$`;
}

/** The name as PostgreSQL's catalog has it. */
function unquoted(column: string): string {
  return quoteName(column).slice(1, -1).replaceAll('""', '"');
}
