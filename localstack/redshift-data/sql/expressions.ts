// Redshift expressions → PostgreSQL: casts to Redshift's types, SUPER navigation (`t.doc."key"[0]`), functions under other names.
// Navigation is told from a qualified name by its length: alias.column is a column, alias.column.key goes into a SUPER value.
import { pgType, readType, type RedshiftType } from "./column-types.ts";
import { functionName } from "./functions.ts";
import { isReservedName, quoteName, quoteString, readLabel, readName } from "./identifiers.ts";
import { Reader } from "./reader.ts";
import { SqlError } from "./sql-error.ts";
import type { Token } from "./tokens.ts";
import { unnested, unnestedAt } from "./unnest.ts";

export interface RewriteOptions {
  /** enable_case_sensitive_identifier: quoted keys of a navigation keep their case. */
  readonly caseSensitive: boolean;
  /** Aliases of unnested arrays: their elements are values to go into. */
  readonly unnested?: ReadonlySet<string>;
}

/** Words that a parenthesis may follow without being functions. */
const SYNTAX = new Set(
  `all and any as between by case distinct else end except exists from having in insert intersect is join like ilike limit minus not on or over
  select set some then top union using values when where with within group partition interval similar to escape return returns offset`.split(
    /\s+/,
  ),
);

const TABLE_BEFORE = new Set(["from", "join", "into", "update", "table", "using"]);

/** Renders a run of tokens as PostgreSQL text. */
export function rewrite(tokens: readonly Token[], outer: RewriteOptions): string {
  const reader = new Reader(tokens);
  const aliases = unnested(tokens).map(({ alias }) => alias);
  const options = { ...outer, unnested: new Set([...(outer.unnested ?? []), ...aliases]) };
  const out: string[] = [];
  let before: Token | undefined;
  while (!reader.done) {
    const token = reader.peek()!;
    const item = unnestedAt(tokens, reader.at);
    if (item) {
      const [array, alias] = [`${quoteName(item.from)}.${quoteName(item.column)}`, quoteName(item.alias)];
      out.push(`CROSS JOIN LATERAL rs.elements(${array}) AS ${alias} (${alias})`);
      reader.at += 6;
    } else if (token.kind === "op" && token.text === "::") {
      reader.next();
      out.push(castOf(out.pop() ?? "", readType(reader)));
    } else if (isChainStart(token, reader)) out.push(chain(reader, before, options));
    else out.push(single(reader, before, options));
    before = reader.tokens[reader.at - 1];
  }
  return out.join(" ");
}

function isChainStart(token: Token, reader: Reader): boolean {
  if (token.kind !== "name" && token.kind !== "word") return false;
  const after = reader.peek(1);
  return (
    after?.kind === "op" &&
    (after.text === "." || (after.text === "[" && (token.kind === "name" || !SYNTAX.has(token.text))))
  );
}

/** A dotted chain: a qualified name, or a navigation into a SUPER value. */
function chain(reader: Reader, before: Token | undefined, options: RewriteOptions): string {
  const parts: { sql: string; key: string }[] = [];
  do {
    const token = reader.peek()!;
    if (token.kind === "op" && token.text === "*") {
      reader.next();
      return [...parts.map((part) => part.sql), "*"].join(".");
    }
    const name = parts.length === 0 ? readName(reader) : readLabel(reader);
    parts.push({ sql: quoteName(name), key: name });
  } while (reader.accept("."));
  if (reader.looksAt("(")) {
    if (!hasColumns(before, reader))
      throw new SqlError(`function ${parts.map((part) => part.key).join(".")}() does not exist`);
    return `${parts.map((part) => part.sql).join(".")} ( ${rewrite(reader.group(), options)} )`;
  }
  const isTable = before?.kind === "word" && TABLE_BEFORE.has(before.text);
  const element = parts[0]!;
  if (!isTable && options.unnested?.has(element.key)) parts.splice(1, 0, element);
  const keys = parts.slice(2).map((part) => quoteString(part.key));
  const bracketed = steps(reader);
  if (isTable || (keys.length === 0 && bracketed.length === 0))
    return parts.map((part) => part.sql).join(".");
  const base = parts.slice(0, 2).map((part) => part.sql).join("."); // prettier-ignore
  return `rs.nav(${base}, ARRAY[${[...keys, ...bracketed].join(", ")}]::text[])`;
}

/** Behind the first bracket: indexes and keys in brackets, and keys behind dots. */
function steps(reader: Reader): string[] {
  const keys: string[] = [];
  for (;;) {
    if (keys.length > 0 && reader.accept(".")) {
      keys.push(quoteString(readLabel(reader)));
      continue;
    }
    if (!reader.accept("[")) return keys;
    const token = reader.next();
    if (token.kind !== "number" && token.kind !== "string") throw reader.error(token);
    keys.push(quoteString(token.text));
    reader.expect("]");
  }
}

function single(reader: Reader, before: Token | undefined, options: RewriteOptions): string {
  const token = reader.next();
  switch (token.kind) {
    case "string":
      return quoteString(token.text);
    case "name":
      return reader.looksAt("(") ? named(token, before, reader, options) : quoteName(token.text);
    case "number":
      return token.text;
    case "op": {
      if (token.text !== "(") return token.text;
      reader.at -= 1;
      return `( ${rewrite(reader.group(), options)} )`;
    }
    case "word":
      return word(token, before, reader, options);
  }
}

function word(
  token: Token & { kind: "word" },
  before: Token | undefined,
  reader: Reader,
  options: RewriteOptions,
): string {
  const { text } = token;
  const label = before?.kind === "word" && before.text === "as";
  if (isReservedName(text) && !label) throw reader.error(token);
  if (text === "sysdate") return "rs.sysdate()";
  if (text === "cast") return cast(reader, options);
  if (text === "listagg") return listagg(reader, options);
  const isLiteral = reader.peek()?.kind === "string" || reader.looksAt("with") || reader.looksAt("without");
  if (text === "timestamp" && !label && !isLiteral) throw reader.error(token);
  if (text === "super") throw new SqlError('syntax error at or near "super"');
  if (reader.looksAt("(")) return named(token, before, reader, options);
  return Buffer.byteLength(text) > 63 ? quoteName(text) : text;
}

/** A word or name with a parenthesis behind it: syntax, a table or alias with its columns, or a function. */
function named(
  token: Token & { kind: "word" | "name" },
  before: Token | undefined,
  reader: Reader,
  options: RewriteOptions,
): string {
  const inside = `( ${rewrite(reader.group(), options)} )`;
  if (token.kind === "word" && SYNTAX.has(token.text)) return `${token.text} ${inside}`;
  if (hasColumns(before, reader)) return `${quoteName(token.text)} ${inside}`;
  const name = functionName(token.text);
  if (name === undefined) throw new SqlError(`function ${token.text}() does not exist`);
  // One item, so that a cast behind it takes the whole of it.
  return `${name}${inside}`;
}

/** True behind INTO, AS, WITH and a closing parenthesis, and in a list of common table expressions: `x (a, b)` names columns there. */
function hasColumns(before: Token | undefined, reader: Reader): boolean {
  if (before?.kind === "op") return before.text === ")" || (before.text === "," && reader.looksAt("as", "("));
  return before?.kind === "word" && ["into", "as", "with", "recursive"].includes(before.text);
}

function cast(reader: Reader, options: RewriteOptions): string {
  const inside = new Reader(reader.group());
  const as = inside.tokens.findLastIndex((token) => token.kind === "word" && token.text === "as");
  if (as < 0) throw reader.error();
  const operand = rewrite(inside.tokens.slice(0, as), options);
  inside.at = as + 1;
  const type = readType(inside);
  inside.end();
  return castOf(`( ${operand} )`, type);
}

function castOf(operand: string, type: RedshiftType): string {
  if (operand === "") throw new SqlError('syntax error at or near "::"');
  if (type.kind === "varchar" || type.kind === "char") return `rs.to_varchar(${operand}, ${type.bytes})`;
  if (type.kind === "super") return `rs.to_super(${operand})`;
  return `rs.from_super(${operand})::${pgType(type)}`;
}

function listagg(reader: Reader, options: RewriteOptions): string {
  const inside = rewrite(reader.group(), options);
  let order = "";
  if (reader.accept("within", "group")) order = ` ${rewrite(reader.group(), options)}`;
  return `string_agg( ${inside}${order} )`;
}
