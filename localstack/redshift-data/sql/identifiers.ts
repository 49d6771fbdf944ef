// Identifiers: which words Redshift reserves, which names no column may have, and how 127-byte names live in PostgreSQL's 63 bytes.
import { createHash } from "node:crypto";
import { SqlError } from "./sql-error.ts";
import { Reader, splitCommas } from "./reader.ts";
import type { Token } from "./tokens.ts";

/** Database developer guide, "Reserved words". */
const RESERVED = new Set(
  `aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between binary blanksasnull both bytedict
  bzip2 case cast check collate column constraint create credentials cross current_date current_time current_timestamp current_user
  current_user_id default deferrable deflate defrag delta delta32k desc disable distinct do else emptyasnull enable encode encrypt
  encryption end except explicit false for foreign freeze from full globaldict256 globaldict64k grant group gzip having identity ignore
  ilike in initially inner intersect interval into is isnull join leading left like limit localtime localtimestamp lun luns lzo lzop minus
  mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset oid old on only open or order outer overlaps parallel
  partition percent permissions pivot placing primary raw readratio recover references rejectlog resort respect restore right select
  session_user similar snapshot some sysdate system table tag tdes text255 text32k then timestamp to top trailing true truncatecolumns
  type union unique unnest unpivot user using verbose wallet when where with without`.split(/\s+/),
);

/** Reserved words that are no part of any query: in an expression they can only be meant as names. */
const NAMES_ONLY = new Set(
  `aes128 aes256 allowoverwrite az64 backup blanksasnull bytedict bzip2 credentials deflate defrag delta delta32k disable emptyasnull enable
  encode encrypt encryption explicit globaldict256 globaldict64k gzip identity lun luns lzo lzop mostly16 mostly32 mostly8 new off offline old
  open permissions raw readratio recover rejectlog resort restore snapshot system tag tdes text255 text32k truncatecolumns type wallet
  without`.split(/\s+/),
);

export function isReservedName(word: string): boolean {
  return NAMES_ONLY.has(word);
}

const SYSTEM_COLUMNS = new Set(["oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]);

/** A name as Redshift has it: a quoted one, or a word that is not reserved. */
export function readName(reader: Reader): string {
  const token = reader.next();
  if (token.kind === "name") return token.text;
  if (token.kind === "word" && !RESERVED.has(token.text)) return token.text;
  throw reader.error(token);
}

/** Names in parentheses. */
export function readNames(reader: Reader, most = Infinity): string[] {
  const names = splitCommas(reader.group()).map((tokens) => {
    const item = new Reader(tokens);
    const name = readName(item);
    item.end();
    return name;
  });
  if (names.length > most) throw new SqlError(`at most ${most} columns can be named here`);
  return names;
}

/** A name behind a dot, where reserved words are allowed. */
export function readLabel(reader: Reader): string {
  const token = reader.next();
  if (token.kind === "name" || token.kind === "word") return token.text;
  throw reader.error(token);
}

export interface TableName {
  readonly schema: string | undefined;
  readonly name: string;
}

export function readTableName(reader: Reader): TableName {
  const first = readName(reader);
  if (!reader.accept(".")) return { schema: undefined, name: first };
  return { schema: first, name: readName(reader) };
}

export function checkColumnName(name: string): string {
  if (SYSTEM_COLUMNS.has(name))
    throw new SqlError(`column name "${name}" conflicts with a system column name`);
  return name;
}

const PG_BYTES = 63;
const longNames = new Map<string, string>();

/** The name under which PostgreSQL knows it: itself, or when it is too long a cut one with a hash. */
export function pgName(name: string): string {
  if (Buffer.byteLength(name) <= PG_BYTES) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 16);
  const short = `${Buffer.from(name)
    .subarray(0, 40)
    .toString("latin1")
    .replace(/[^\x20-\x7e]/g, "_")}~${hash}`;
  longNames.set(short, name);
  return short;
}

/** Said where a name is too long for PostgreSQL, so that the catalog can tell it. */
export function isCut(name: string): boolean {
  return pgName(name) !== name;
}

/** The name that `pgName` was made from. */
export function fullName(name: string): string {
  return longNames.get(name) ?? name;
}

export function quoteName(name: string): string {
  return `"${pgName(name).replaceAll('"', '""')}"`;
}

export function quoteTable(table: TableName): string {
  const name = quoteName(table.name);
  return table.schema === undefined ? name : `${quoteName(table.schema)}.${name}`;
}

/** Writers of a table wait for one another, readers do not wait (database developer guide, "Write and read/write operations"). */
export function lockForWriting(tableSql: string): string {
  return `LOCK TABLE ${tableSql} IN SHARE ROW EXCLUSIVE MODE`;
}

export function quoteString(value: string): string {
  const doubled = value.replaceAll("'", "''");
  return value.includes("\\") ? `E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}

/** Tokens back to text that PostgreSQL reads the same way. */
export function render(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      if (token.kind === "name") return quoteName(token.text);
      if (token.kind === "string") return quoteString(token.text);
      if (token.kind === "word" && Buffer.byteLength(token.text) > PG_BYTES) return quoteName(token.text);
      return token.text;
    })
    .join(" ");
}
