// Redshift SQL text → tokens. Text rules that differ from PostgreSQL are applied here: a backslash escapes inside plain literals, quoted
// identifiers fold to lower case, and names over 127 bytes are cut (AWS.md; database developer guide, "Names and identifiers").
import { SqlError } from "./sql-error.ts";

export type Token =
  | { readonly kind: "word"; /** Lower case. */ readonly text: string }
  | {
      readonly kind: "name";
      /** A quoted identifier, unescaped and folded. */
      readonly text: string;
      /** As written: what it means under enable_case_sensitive_identifier. */
      readonly raw: string;
    }
  | { readonly kind: "string"; /** The literal's value. */ readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "op"; readonly text: string };

const MAX_NAME_BYTES = 127;
const OPERATORS = ["::", "<=", ">=", "<>", "!=", "||", "!~*", "!~", "~*", "->>", "->", "@>", "<@", ":="];

/** `caseSensitive`: enable_case_sensitive_identifier, quoted names keep their case. */
export function tokenize(sql: string, caseSensitive = false): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const char = sql[at]!;
    if (" \t\n\r\f\v".includes(char)) at += 1;
    else if (sql.startsWith("--", at)) at = endOf(sql, "\n", at);
    else if (sql.startsWith("/*", at)) at = endOfComment(sql, at);
    else if (char === "'") at = readString(sql, at, tokens);
    else if (char === '"') at = readName(sql, at, tokens, caseSensitive);
    else at = readPlain(sql, at, tokens);
  }
  return tokens;
}

function endOf(sql: string, what: string, from: number): number {
  const found = sql.indexOf(what, from);
  return found < 0 ? sql.length : found + what.length;
}

/** Comments nest. */
function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at += 2) {
    if (sql.startsWith("/*", at)) depth += 1;
    else if (sql.startsWith("*/", at)) depth -= 1;
    else at -= 1;
    if (depth === 0) return at + 2;
  }
  throw new SqlError(`unterminated comment at or near "${sql.slice(start, start + 40)}"`);
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function readString(sql: string, start: number, tokens: Token[]): number {
  let value = "";
  for (let at = start + 1; at < sql.length; at += 1) {
    const char = sql[at]!;
    if (char === "\\") {
      at += 1;
      const escaped = sql[at];
      if (escaped === undefined) break;
      value += ESCAPES[escaped] ?? escaped;
    } else if (char !== "'") value += char;
    else if (sql[at + 1] === "'") {
      value += "'";
      at += 1;
    } else {
      if (value.includes("\0")) throw new SqlError('invalid byte sequence for encoding "UTF8": 0x00');
      tokens.push({ kind: "string", text: value });
      return at + 1;
    }
  }
  throw new SqlError(`unterminated quoted string at or near "${sql.slice(start, start + 40)}"`);
}

function readName(sql: string, start: number, tokens: Token[], caseSensitive: boolean): number {
  let value = "";
  for (let at = start + 1; at < sql.length; at += 1) {
    if (sql[at] !== '"') value += sql[at];
    else if (sql[at + 1] === '"') {
      value += '"';
      at += 1;
    } else {
      if (value === "") throw new SqlError('zero-length delimited identifier at or near """"');
      tokens.push({ kind: "name", text: caseSensitive ? shorten(value) : fold(value), raw: value });
      return at + 1;
    }
  }
  throw new SqlError(`unterminated quoted identifier at or near "${sql.slice(start, start + 40)}"`);
}

/** ASCII letters to lower case, cut at 127 bytes. */
export function fold(name: string): string {
  return shorten(name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
}

function shorten(name: string): string {
  let bytes = Buffer.from(name);
  if (bytes.length <= MAX_NAME_BYTES) return name;
  let end = MAX_NAME_BYTES;
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  bytes = bytes.subarray(0, end);
  return bytes.toString();
}

function readPlain(sql: string, at: number, tokens: Token[]): number {
  const rest = sql.slice(at, at + 200);
  const number = /^(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/.exec(rest)?.[0];
  if (number !== undefined) return push(tokens, { kind: "number", text: number }, at + number.length);
  const word = /^[A-Za-z_#\u0080-\uffff][\w$#\u0080-\uffff]*/.exec(rest)?.[0];
  if (word !== undefined) return push(tokens, { kind: "word", text: fold(word) }, at + word.length);
  const op = OPERATORS.find((one) => rest.startsWith(one)) ?? rest[0]!;
  if (!/^[-+*/%<>=~!@#&|^(),.;:[\]?$]/.test(op)) throw new SqlError(`syntax error at or near "${op}"`);
  return push(tokens, { kind: "op", text: op }, at + op.length);
}

function push(tokens: Token[], token: Token, next: number): number {
  tokens.push(token);
  return next;
}
