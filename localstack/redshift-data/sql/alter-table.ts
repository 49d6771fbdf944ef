// ALTER TABLE with Redshift's grammar: one action a statement, VARCHAR the only type that changes, and that not in a transaction block.
// What hangs on the column's old description is done by functions of schema `rs` (compat.sql).
import { columnSql, noteColumn, noteOf, readColumn, wholeName } from "./column-definition.ts";
import { readType } from "./column-types.ts";
import { readEncoding } from "./encodings.ts";
import {
  checkColumnName,
  pgName,
  quoteName,
  quoteString,
  quoteTable,
  readName,
  readNames,
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
    const name = readName(reader);
    const cascade = reader.accept("cascade") ? " CASCADE" : "";
    if (!cascade) reader.accept("restrict");
    reader.end();
    return {
      sql: [
        `SELECT rs.check_drop(${quoteString(table)}::regclass, ${quoteString(pgName(name))})`,
        `ALTER TABLE ${table} DROP COLUMN ${quoteName(name)}${cascade}`,
      ],
    };
  }
  if (reader.accept("rename")) return { sql: rename(reader, table) };
  if (reader.accept("owner", "to")) {
    const owner = quoteName(readName(reader));
    reader.end();
    return { sql: [`ALTER TABLE ${table} OWNER TO ${owner}`] };
  }
  const keys = alterKeys(reader);
  if (keys !== undefined) {
    reader.end();
    const names = keys.map((key) => quoteString(pgName(key))).join(", ");
    return { sql: [`SELECT rs.check_keys(${quoteString(table)}::regclass, ARRAY[${names}]::text[])`] };
  }
  if (reader.accept("alter")) return alterColumn(reader, table);
  throw reader.error();
}

/** ALTER SORTKEY, DISTKEY, DISTSTYLE and ENCODE AUTO: the columns that it names; undefined for another action. */
function alterKeys(reader: Reader): readonly string[] | undefined {
  for (const [first, last] of [
    ["sortkey", "auto"],
    ["sortkey", "none"],
    ["encode", "auto"],
    ["diststyle", "auto"],
    ["diststyle", "even"],
    ["diststyle", "all"],
  ])
    if (reader.accept("alter", first!, last!)) return [];
  if (reader.accept("alter", "compound", "sortkey") || reader.accept("alter", "sortkey"))
    return readNames(reader);
  if (reader.accept("alter", "diststyle", "key")) {
    reader.expect("distkey");
    return [readName(reader)];
  }
  return reader.accept("alter", "distkey") ? [readName(reader)] : undefined;
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
  return [
    `ALTER TABLE ${table} ADD COLUMN ${columnSql(column)}`,
    noteColumn(table, column.name, noteOf(column)),
  ];
}

function rename(reader: Reader, table: string): string[] {
  if (reader.accept("to")) {
    const to = readName(reader);
    reader.end();
    return [
      `SELECT rs.describe_table(${quoteString(table)}::regclass, ${quoteString(wholeName(to) ?? "")})`,
      `ALTER TABLE ${table} RENAME TO ${quoteName(to)}`,
    ];
  }
  reader.accept("column");
  const from = readName(reader);
  reader.expect("to");
  const to = checkColumnName(readName(reader));
  reader.end();
  return [
    `ALTER TABLE ${table} RENAME COLUMN ${quoteName(from)} TO ${quoteName(to)}`,
    noteColumn(table, to, { name: wholeName(to) }),
  ];
}

function alterColumn(reader: Reader, table: string): AlterTable {
  reader.accept("column");
  const column = readName(reader);
  if (reader.accept("encode")) {
    const encode = readEncoding(reader);
    reader.end();
    return { sql: [noteColumn(table, column, { encode })] };
  }
  if (!reader.accept("type"))
    throw new SqlError("Redshift changes only the type or the encoding of a column");
  const type = readType(reader);
  reader.end();
  if (type.kind !== "varchar")
    throw new SqlError(`target data type "${type.kind}" is not supported: only VARCHAR columns change`);
  const id = `${quoteString(table)}::regclass, ${quoteString(pgName(column))}`;
  return { alone: true, sql: [`SELECT rs.resize_column(${id}, ${type.bytes})`] };
}
