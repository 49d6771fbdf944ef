// Redshift expressions → PostgreSQL: casts to Redshift's types, SUPER navigation (`t.doc."key"[0]`), functions under other names.
// Navigation is told from a qualified name by its length: alias.column is a column, alias.column.key goes into a SUPER value.
import { pgType, readType, type RedshiftType } from "./column-types.ts";
import { quoteName, quoteString, readName } from "./identifiers.ts";
import { Reader } from "./reader.ts";
import { SqlError } from "./sql-error.ts";
import type { Token } from "./tokens.ts";

export interface RewriteOptions {
  /** enable_case_sensitive_identifier: quoted keys of a navigation keep their case. */
  readonly caseSensitive: boolean;
}

/** Functions that live in schema `rs` (compat.sql) or go by another name in PostgreSQL. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  nvl: "coalesce", len: "char_length", json_parse: "rs.json_parse", can_json_parse: "rs.can_json_parse", json_serialize: "rs.json_serialize",
  json_typeof: "rs.json_typeof", is_integer: "rs.is_integer", is_bigint: "rs.is_bigint", is_smallint: "rs.is_smallint",
  is_decimal: "rs.is_decimal", is_float: "rs.is_float", is_varchar: "rs.is_varchar", is_boolean: "rs.is_boolean", is_object: "rs.is_object",
  is_array: "rs.is_array", is_scalar: "rs.is_scalar", get_array_length: "rs.get_array_length", json_size: "rs.json_size",
  array: "rs.super_array", object: "rs.super_object", array_concat: "rs.array_concat", sha2: "rs.sha2", listagg: "rs.listagg",
  pg_last_copy_count: "rs.pg_last_copy_count", pg_last_copy_id: "rs.pg_last_copy_id", getdate: "rs.getdate", dateadd: "rs.dateadd",
  pg_backend_pid: "pg_backend_pid", strtol: "rs.strtol", func_sha1: "rs.func_sha1", md5: "md5", bpcharcmp: "bpcharcmp",
}; // prettier-ignore

const TABLE_BEFORE = new Set(["from", "join", "into", "update", "table", "using"]);

/** Renders a run of tokens as PostgreSQL text. */
export function rewrite(tokens: readonly Token[], options: RewriteOptions): string {
  const reader = new Reader(tokens);
  const out: string[] = [];
  let tableNext = false;
  while (!reader.done) {
    const token = reader.peek()!;
    if (token.kind === "op" && token.text === "::") {
      reader.next();
      out.push(castOf(out.pop() ?? "", readType(reader)));
    } else if (isChainStart(token, reader)) out.push(chain(reader, tableNext, options));
    else out.push(single(reader, options));
    tableNext = token.kind === "word" && TABLE_BEFORE.has(token.text);
  }
  return out.join(" ");
}

function isChainStart(token: Token, reader: Reader): boolean {
  if (token.kind !== "name" && token.kind !== "word") return false;
  const after = reader.peek(1);
  return after?.kind === "op" && (after.text === "." || (after.text === "[" && token.kind === "name"));
}

/** A dotted chain: a qualified name, or a navigation into a SUPER value. */
function chain(reader: Reader, isTable: boolean, options: RewriteOptions): string {
  const parts: { sql: string; key: string }[] = [];
  do {
    const token = reader.peek()!;
    if (token.kind === "op" && token.text === "*") {
      reader.next();
      return [...parts.map((part) => part.sql), "*"].join(".");
    }
    const name = readName(reader);
    parts.push({
      sql: quoteName(name),
      key: token.kind === "name" && options.caseSensitive ? token.raw : name,
    });
  } while (reader.accept("."));
  if (reader.looksAt("(")) return callText(parts.map((part) => part.sql).join("."), reader, options);
  const keys = parts.slice(2).map((part) => quoteString(part.key));
  const bracketed = brackets(reader);
  if (isTable || (keys.length === 0 && bracketed.length === 0))
    return parts.map((part) => part.sql).join(".");
  const base = parts.slice(0, 2).map((part) => part.sql).join("."); // prettier-ignore
  return `rs.nav(${base}, ARRAY[${[...keys, ...bracketed].join(", ")}]::text[])`;
}

function brackets(reader: Reader): string[] {
  const keys: string[] = [];
  while (reader.accept("[")) {
    const token = reader.next();
    if (token.kind !== "number" && token.kind !== "string") throw reader.error(token);
    keys.push(quoteString(token.text));
    reader.expect("]");
  }
  return keys;
}

function single(reader: Reader, options: RewriteOptions): string {
  const token = reader.next();
  switch (token.kind) {
    case "string":
      return quoteString(token.text);
    case "name":
      return reader.looksAt("(") ? callText(quoteName(token.text), reader, options) : quoteName(token.text);
    case "number":
      return token.text;
    case "op": {
      if (token.text !== "(") return token.text;
      reader.at -= 1;
      return `( ${rewrite(reader.group(), options)} )`;
    }
    case "word":
      return word(token.text, reader, options);
  }
}

function word(text: string, reader: Reader, options: RewriteOptions): string {
  if (text === "sysdate") return "rs.getdate()";
  if (text === "cast" || text === "try_cast") return cast(text, reader, options);
  if (text === "listagg") return listagg(reader, options);
  if (text === "super") throw new SqlError('syntax error at or near "super"');
  if (reader.looksAt("(")) return callText(FUNCTIONS[text] ?? text, reader, options);
  return Buffer.byteLength(text) > 63 ? quoteName(text) : text;
}

function cast(text: string, reader: Reader, options: RewriteOptions): string {
  const inside = new Reader(reader.group());
  const as = inside.tokens.findLastIndex((token) => token.kind === "word" && token.text === "as");
  if (as < 0) throw reader.error();
  const operand = rewrite(inside.tokens.slice(0, as), options);
  inside.at = as + 1;
  const type = readType(inside);
  inside.end();
  return castOf(`( ${operand} )`, type, text === "try_cast");
}

function castOf(operand: string, type: RedshiftType, safely = false): string {
  if (operand === "") throw new SqlError('syntax error at or near "::"');
  const name = type.kind.replaceAll(" ", "_");
  if (safely) return `rs.try_${name}(${operand})`;
  if (type.kind === "varchar" || type.kind === "char") return `rs.to_varchar(${operand}, ${type.bytes})`;
  if (type.kind === "super") return `rs.to_super(${operand})`;
  return `rs.from_super(${operand})::${pgType(type)}`;
}

/** A call is one item, so that a cast behind it takes the whole of it. */
function callText(name: string, reader: Reader, options: RewriteOptions): string {
  const keyword =
    /^(in|and|or|not|when|then|else|case|select|from|where|on|values|exists|by|over|as|using|union|all|between|is|like|with)$/;
  const inside = rewrite(reader.group(), options);
  return keyword.test(name) ? `${name} ( ${inside} )` : `${name}( ${inside} )`;
}

function listagg(reader: Reader, options: RewriteOptions): string {
  const inside = rewrite(reader.group(), options);
  let order = "";
  if (reader.accept("within", "group")) order = ` ${rewrite(reader.group(), options)}`;
  return `string_agg( ${inside}${order} )`;
}
