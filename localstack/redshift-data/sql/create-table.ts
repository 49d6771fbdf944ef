// CREATE TABLE with Redshift's grammar and limits.
import {
  columnSql,
  noteColumn,
  noteOf,
  readColumn,
  wholeName,
  type ColumnDefinition,
} from "./column-definition.ts";
import { readEncoding } from "./encodings.ts";
import { rewrite } from "./expressions.ts";
import {
  quoteString,
  quoteTable,
  readName,
  readNames,
  readTableName,
  type TableName,
} from "./identifiers.ts";
import { Reader, splitCommas } from "./reader.ts";
import { SqlError } from "./sql-error.ts";

const MAX_COLUMNS = 1600;
const MAX_SORT_KEYS = 400;

/** The statements for PostgreSQL; `reader` stands behind CREATE. */
export function createTable(reader: Reader): string[] {
  const temporary = reader.accept("temp") || reader.accept("temporary") || reader.accept("local", "temp");
  reader.expect("table");
  const ifNotExists = reader.accept("if", "not", "exists");
  const table = readTableName(reader);
  const temp = temporary || table.name.startsWith("#");
  if (temp && table.schema !== undefined)
    throw new SqlError("cannot create a temporary table in a schema of your own");
  const head = `CREATE ${temp ? "TEMP " : ""}TABLE ${ifNotExists ? "IF NOT EXISTS " : ""}${quoteTable(table)}`;
  if (!reader.looksAt("(") || isQuery(reader)) return asQuery(reader, head, table);
  const body = splitCommas(reader.group()).map((tokens) => new Reader(tokens));
  const named = `SELECT rs.describe_table(${quoteString(quoteTable(table))}::regclass, ${quoteString(wholeName(table.name) ?? "")})`;
  if (body[0]?.looksAt("like")) return [`${head} (${like(body, reader)})`, named];
  const constraints: string[] = [];
  const columns = body.filter((item) => !readConstraint(item, constraints)).map(readColumn);
  checkColumns(table, columns);
  const keys = readAttributes(reader);
  const uses = new Map<string, string[]>();
  for (const [use, names] of [["constraint", constraints], ...keys] as const)
    for (const name of names) uses.set(name, [...(uses.get(name) ?? []), use]);
  for (const [name, used] of uses) {
    const column = columns.find((one) => one.name === name);
    if (column === undefined) throw new SqlError(`column "${name}" named in key does not exist`);
    if (column.type.kind === "super" && used.some((use) => use !== "constraint"))
      throw new SqlError(`column "${name}" of type SUPER cannot be a distribution or sort key`);
  }
  const notes = columns.map((column) =>
    noteColumn(quoteTable(table), column.name, noteOf(column, uses.get(column.name)), ifNotExists),
  );
  return [`${head} (${columns.map(columnSql).join(", ")})`, ...notes, named];
}

function isQuery(reader: Reader): boolean {
  const next = reader.peek(1);
  return next?.kind === "word" && (next.text === "select" || next.text === "with");
}

function asQuery(reader: Reader, head: string, table: TableName): string[] {
  while (!reader.done && !reader.looksAt("as")) readAttribute(reader);
  reader.expect("as");
  const query = rewrite(reader.rest(), { caseSensitive: false });
  return [`${head} AS ${query}`, `SELECT rs.describe_columns(${quoteString(quoteTable(table))}::regclass)`];
}

function like(body: readonly Reader[], reader: Reader): string {
  const item = body[0]!;
  item.expect("like");
  const parent = quoteTable(readTableName(item));
  const defaults = item.accept("including", "defaults");
  if (!defaults) item.accept("excluding", "defaults");
  item.end();
  if (body.length > 1) throw new SqlError("LIKE cannot be combined with columns");
  readAttributes(reader);
  return `LIKE ${parent} INCLUDING COMMENTS INCLUDING CONSTRAINTS${defaults ? " INCLUDING DEFAULTS" : ""}`;
}

/** PRIMARY KEY, UNIQUE and FOREIGN KEY of the table: parsed, not enforced. True when it was one; its columns go to `columns`. */
function readConstraint(item: Reader, columns: string[]): boolean {
  if (item.accept("constraint")) readName(item);
  const foreign = item.accept("foreign", "key");
  if (!foreign && !item.accept("primary", "key") && !item.looksAt("unique", "(")) {
    item.at = 0;
    return false;
  }
  item.accept("unique");
  columns.push(...readNames(item));
  if (foreign) {
    item.expect("references");
    readTableName(item);
    if (item.looksAt("(")) readNames(item);
  }
  item.end();
  return true;
}

function checkColumns(table: TableName, columns: readonly ColumnDefinition[]): void {
  if (columns.length === 0) throw new SqlError(`table "${table.name}" must have a column`);
  if (columns.length > MAX_COLUMNS) throw new SqlError(`tables can have at most ${MAX_COLUMNS} columns`);
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) throw new SqlError(`column "${name}" specified more than once`);
    seen.add(name);
  }
  if (columns.filter((column) => column.distKey).length > 1)
    throw new SqlError("multiple DISTKEY columns are not allowed");
  if (columns.filter((column) => column.identity).length > 1)
    throw new SqlError("multiple IDENTITY columns are not allowed");
}

type Keys = readonly (readonly ["distkey" | "sortkey", readonly string[]])[];

/** BACKUP, DISTSTYLE, DISTKEY, SORTKEY, ENCODE AUTO; returns the columns named as keys. */
function readAttributes(reader: Reader): Keys {
  const keys: Keys[number][] = [];
  while (!reader.done) {
    const found = readAttribute(reader);
    if (found === undefined) continue;
    if (keys.some(([use]) => use === found[0])) throw reader.error();
    keys.push(found);
  }
  return keys;
}

function readAttribute(reader: Reader): Keys[number] | undefined {
  if (reader.accept("backup")) {
    if (!reader.accept("yes")) reader.expect("no");
  } else if (reader.accept("diststyle")) {
    const style = ["auto", "even", "key", "all"].find((word) => reader.accept(word));
    if (style === undefined) throw reader.error();
  } else if (reader.accept("distkey")) return ["distkey", readNames(reader, 1)];
  else if (reader.accept("sortkey", "auto") || reader.accept("encode", "auto")) return undefined;
  else if (reader.accept("encode")) readEncoding(reader);
  else if (reader.accept("compound", "sortkey") || reader.accept("sortkey"))
    return ["sortkey", readNames(reader, MAX_SORT_KEYS)];
  else if (reader.accept("interleaved", "sortkey")) return ["sortkey", readNames(reader, 8)];
  else throw reader.error();
  return undefined;
}
