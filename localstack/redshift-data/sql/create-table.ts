// CREATE TABLE with Redshift's grammar and limits.
import {
  columnComment,
  columnSql,
  readColumn,
  readEncoding,
  type ColumnDefinition,
} from "./column-definition.ts";
import { rewrite } from "./expressions.ts";
import { quoteTable, readName, readTableName, type TableName } from "./identifiers.ts";
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
  if (!reader.looksAt("(") || isQuery(reader)) return asQuery(reader, head);
  const body = splitCommas(reader.group()).map((tokens) => new Reader(tokens));
  if (body[0]?.looksAt("like")) return [`${head} (${like(body, reader)})`];
  const columns = body.filter((item) => !isConstraint(item)).map(readColumn);
  checkColumns(table, columns);
  const keys = readAttributes(reader);
  for (const key of keys) {
    const column = columns.find((one) => one.name === key);
    if (column === undefined) throw new SqlError(`column "${key}" named in key does not exist`);
    if (column.type.kind === "super")
      throw new SqlError(`column "${key}" of type SUPER cannot be a distribution or sort key`);
  }
  // A table that was there already keeps its own comments: IF NOT EXISTS compares the name only.
  const comments = columns.map((column) => columnComment(quoteTable(table), column));
  const guarded = ifNotExists ? [] : comments;
  return [`${head} (${columns.map(columnSql).join(", ")})`, ...guarded];
}

function isQuery(reader: Reader): boolean {
  const next = reader.peek(1);
  return next?.kind === "word" && (next.text === "select" || next.text === "with");
}

function asQuery(reader: Reader, head: string): string[] {
  while (!reader.done && !reader.looksAt("as")) readAttribute(reader, []);
  reader.expect("as");
  return [`${head} AS ${rewrite(reader.rest(), { caseSensitive: false })}`];
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

/** PRIMARY KEY, UNIQUE and FOREIGN KEY of the table: parsed, not enforced. */
function isConstraint(item: Reader): boolean {
  if (item.accept("constraint")) readName(item);
  const is = item.looksAt("primary", "key") || item.looksAt("unique", "(") || item.looksAt("foreign", "key");
  if (!is) item.at = 0;
  return is;
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

/** BACKUP, DISTSTYLE, DISTKEY, SORTKEY, ENCODE AUTO; returns the columns named as keys. */
function readAttributes(reader: Reader): string[] {
  const keys: string[] = [];
  while (!reader.done) readAttribute(reader, keys);
  return keys;
}

function readAttribute(reader: Reader, keys: string[]): void {
  if (reader.accept("backup")) {
    if (!reader.accept("yes")) reader.expect("no");
  } else if (reader.accept("diststyle")) {
    const style = ["auto", "even", "key", "all"].find((word) => reader.accept(word));
    if (style === undefined) throw reader.error();
  } else if (reader.accept("distkey")) keys.push(...names(reader, 1));
  else if (reader.accept("sortkey", "auto") || reader.accept("encode", "auto")) return;
  else if (reader.accept("encode")) readEncoding(reader);
  else if (reader.accept("compound", "sortkey") || reader.accept("sortkey"))
    keys.push(...names(reader, MAX_SORT_KEYS));
  else if (reader.accept("interleaved", "sortkey")) keys.push(...names(reader, 8));
  else throw reader.error();
}

function names(reader: Reader, most: number): string[] {
  const found = splitCommas(reader.group()).map((tokens) => {
    const item = new Reader(tokens);
    const name = readName(item);
    item.end();
    return name;
  });
  if (found.length > most) throw new SqlError(`at most ${most} columns can be named here`);
  return found;
}
