// One column of CREATE TABLE or ALTER TABLE ADD COLUMN, with Redshift's attributes; and how it is written for PostgreSQL.
import { randomBytes } from "node:crypto";
import { pgType, readType, typeText, type RedshiftType } from "./column-types.ts";
import { checkEncoding, readEncoding } from "./encodings.ts";
import { rewrite } from "./expressions.ts";
import {
  checkColumnName,
  isCut,
  pgName,
  quoteName,
  quoteString,
  readName,
  readTableName,
} from "./identifiers.ts";
import type { Reader } from "./reader.ts";
import { SqlError } from "./sql-error.ts";
import type { Token } from "./tokens.ts";

interface Identity {
  readonly always: boolean;
  readonly seed: number;
  readonly step: number;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: RedshiftType;
  readonly notNull: boolean;
  readonly defaultSql?: string;
  /** GENERATED ALWAYS: never written by an INSERT, by COPY only with EXPLICIT_IDS. BY DEFAULT: by both. */
  readonly identity: Identity | undefined;
  readonly encode: string;
  readonly distKey: boolean;
  readonly sortKey: boolean;
  /** PRIMARY KEY, UNIQUE or REFERENCES: parsed, never enforced. */
  readonly constraint: boolean;
}

const ATTRIBUTES = [
  "default",
  "identity",
  "generated",
  "encode",
  "distkey",
  "sortkey",
  "not",
  "null",
  "unique",
  "primary",
  "references",
  "collate",
];

export function readColumn(reader: Reader): ColumnDefinition {
  const name = checkColumnName(readName(reader));
  const type = readType(reader);
  const found = {
    notNull: false,
    encode: "auto",
    distKey: false,
    sortKey: false,
    constraint: false,
  };
  let defaultSql: string | undefined;
  let identity: Identity | undefined;
  while (!reader.done) {
    if (reader.accept("default")) defaultSql = rewrite(defaultTokens(reader), { caseSensitive: false });
    else if (reader.accept("identity")) identity = readIdentity(reader, true);
    else if (reader.accept("generated", "by", "default", "as", "identity"))
      identity = readIdentity(reader, false);
    else if (reader.accept("encode")) found.encode = readEncoding(reader);
    else if (reader.accept("distkey")) found.distKey = true;
    else if (reader.accept("sortkey")) found.sortKey = true;
    else if (reader.accept("not", "null")) found.notNull = true;
    else if (reader.accept("null")) found.notNull = false;
    else if (reader.accept("unique")) found.constraint = true;
    else if (reader.accept("primary", "key")) found.constraint = found.notNull = true;
    else if (reader.accept("references")) {
      readTableName(reader);
      if (reader.looksAt("(")) reader.group();
      found.constraint = true;
    } else throw reader.error();
  }
  if (type.kind === "super" && (found.distKey || found.sortKey))
    throw new SqlError(`column "${name}" of type SUPER cannot be a distribution or sort key`);
  if (identity && type.kind !== "integer" && type.kind !== "bigint")
    throw new SqlError("IDENTITY columns must be INTEGER or BIGINT");
  if (identity && defaultSql !== undefined) throw new SqlError("IDENTITY columns have no DEFAULT");
  checkEncoding(name, type, found.encode);
  return { name, type, ...found, identity, ...(defaultSql === undefined ? {} : { defaultSql }) };
}

function readIdentity(reader: Reader, always: boolean): Identity {
  reader.expect("(");
  const seed = signed(reader);
  reader.expect(",");
  const step = signed(reader);
  reader.expect(")");
  if (step === 0) throw new SqlError("the step of an IDENTITY column cannot be 0");
  return { always, seed, step };
}

function signed(reader: Reader): number {
  return reader.accept("-") ? -reader.integer() : reader.integer();
}

function defaultTokens(reader: Reader): Token[] {
  const taken: Token[] = [];
  while (!reader.done) {
    const token = reader.peek()!;
    if (
      token.kind === "word" &&
      ATTRIBUTES.includes(token.text) &&
      !(token.text === "null" && taken.length === 0)
    )
      break;
    if (token.kind === "op" && token.text === "(")
      taken.push({ kind: "op", text: "(" }, ...reader.group(), { kind: "op", text: ")" });
    else taken.push(reader.next());
  }
  return taken;
}

/** The column in PostgreSQL's words: with its byte limit as a constraint, without keys and encodings. */
export function columnSql(column: ColumnDefinition): string {
  const name = quoteName(column.name);
  const limit = byteLimit(column.name, column.type);
  return [
    `${name} ${pgType(column.type)}`,
    identitySql(column.identity),
    column.defaultSql === undefined ? "" : `DEFAULT ${column.defaultSql}`,
    column.notNull ? "NOT NULL" : "",
    limit === undefined ? "" : `CONSTRAINT ${limit.name} ${limit.check}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

function identitySql(identity: Identity | undefined): string {
  if (identity === undefined) return "";
  const { always, seed, step } = identity;
  const bounds = step < 0 ? "MAXVALUE 0 MINVALUE -9223372036854775808 " : "MINVALUE -9223372036854775808 ";
  return `GENERATED ${always ? "ALWAYS" : "BY DEFAULT"} AS IDENTITY (${bounds}START WITH ${seed} INCREMENT BY ${step})`;
}

/** VARCHAR(n) and CHAR(n) count bytes. The constraint's name says n, for the error message, and is its own after every renaming. */
export function byteLimit(column: string, type: RedshiftType): { name: string; check: string } | undefined {
  if (type.kind !== "varchar" && type.kind !== "char") return undefined;
  const name = `rs_bytes_${type.bytes}_${randomBytes(6).toString("hex")}`;
  // Blanks beyond the length are cut without an error.
  return { name, check: `CHECK (octet_length(rtrim(${quoteName(column)}, ' ')) <= ${type.bytes})` };
}

/** What PostgreSQL's catalog has no place for; kept as the column's comment, in JSON (rs.describe_column). */
export interface ColumnNote {
  /** As Redshift's catalog views spell it. */
  readonly type?: string;
  readonly encode?: string;
  /** The whole name, where PostgreSQL's is cut. */
  readonly name?: string | null;
  /** What the column is used for, so that it may not be dropped or resized. */
  readonly keys?: readonly string[];
}

/** `onlyNew`: leaves alone what is described already, and columns that there are not (CREATE TABLE IF NOT EXISTS of a table that exists). */
export function noteColumn(tableSql: string, column: string, note: ColumnNote, onlyNew = false): string {
  const [table, name] = [quoteString(tableSql), quoteString(pgName(column))];
  return `SELECT rs.describe_column(${table}::regclass, ${name}, ${quoteString(JSON.stringify(note))}::jsonb, ${onlyNew})`;
}

/** The note of a column as it was defined. */
export function noteOf(column: ColumnDefinition, tableKeys: readonly string[] = []): ColumnNote {
  const keys = [...tableKeys];
  if (column.distKey) keys.push("distkey");
  if (column.sortKey) keys.push("sortkey");
  if (column.constraint) keys.push("constraint");
  return { type: typeText(column.type), encode: column.encode, name: wholeName(column.name), keys };
}

export function wholeName(name: string): string | null {
  return isCut(name) ? name : null;
}
