// One Redshift statement → what has to be run on PostgreSQL. Every statement is really run: what is not known is refused, nothing is
// waved through by its first word.
import { readCopy, type CopyCommand } from "../copy/copy-command.ts";
import { alterTable } from "./alter-table.ts";
import { createTable } from "./create-table.ts";
import { rewrite, type RewriteOptions } from "./expressions.ts";
import { refuseChanges, refuseForbidden } from "./forbidden.ts";
import { grant } from "./grant.ts";
import { lockForWriting, quoteName, quoteTable, readName, readNames, readTableName } from "./identifiers.ts";
import { merge } from "./merge.ts";
import { bindParameters, type Parameters } from "./parameters.ts";
import { Reader, splitCommas } from "./reader.ts";
import { showTable } from "./show-table.ts";
import { SqlError } from "./sql-error.ts";
import { tokenize, type Token } from "./tokens.ts";

export type Compiled =
  | {
      readonly kind: "sql";
      readonly sql: readonly string[];
      /** Locks that Redshift takes by itself. */
      readonly before?: readonly string[];
      /** May not run inside a transaction block (SVL_MULTI_STATEMENT_VIOLATIONS). */
      readonly alone?: boolean;
      /** Only inside a transaction block. */
      readonly inside?: boolean;
      /** Gives rows; `ordered` when an ORDER BY says in which order. */
      readonly rows?: { readonly ordered: boolean };
    }
  | { readonly kind: "copy"; readonly copy: CopyCommand }
  /** Commits what came before, then cannot be rolled back. */
  | { readonly kind: "truncate"; readonly sql: string }
  | { readonly kind: "set"; readonly name: string; readonly value: string };

export interface CompileOptions extends RewriteOptions {
  readonly parameters?: Parameters;
}

export function compile(sql: string, options: CompileOptions): Compiled {
  const tokens = bindParameters(tokenize(sql, options.caseSensitive), options.parameters ?? new Map());
  while (isSemicolon(tokens.at(-1))) tokens.pop();
  if (tokens.some(isSemicolon))
    throw new SqlError("cannot insert multiple commands into a prepared statement");
  refuseForbidden(tokens);
  const reader = new Reader(tokens);
  if (reader.accept("create")) return create(reader);
  if (reader.accept("alter", "table")) return { kind: "sql", ...alterTable(reader) };
  if (reader.accept("drop")) return drop(reader);
  if (reader.accept("copy")) return { kind: "copy", copy: readCopy(reader) };
  if (reader.accept("lock")) return lock(reader);
  if (reader.accept("truncate")) return truncate(reader);
  if (reader.accept("set")) return set(reader);
  if (reader.accept("show", "table"))
    return { kind: "sql", sql: [showTable(reader)], rows: { ordered: true } };
  if (reader.accept("merge", "into")) return { kind: "sql", ...merge(reader, options) };
  if (reader.looksAt("grant") || reader.looksAt("revoke")) return { kind: "sql", sql: grant(reader) };
  if (reader.accept("analyze")) return analyze(reader);
  if (reader.accept("vacuum")) return vacuum(reader);
  if (["select", "with"].some((word) => reader.looksAt(word))) {
    refuseChanges(tokens);
    return { kind: "sql", sql: [rewrite(tokens, options)], rows: { ordered: isOrdered(tokens) } };
  }
  if (["insert", "update", "delete"].some((word) => reader.looksAt(word))) {
    const statement = withFrom(tokens);
    return { kind: "sql", before: [writeLock(statement)], sql: [rewrite(statement, options)] };
  }
  throw reader.error();
}

/** A transaction that writes to a table holds its write lock until it ends: other writers wait, readers do not. */
function writeLock(tokens: readonly Token[]): string {
  const reader = new Reader(tokens);
  const verb = reader.next();
  if (verb.kind === "word" && verb.text === "insert") reader.expect("into");
  if (verb.kind === "word" && verb.text === "delete") reader.expect("from");
  return lockForWriting(quoteTable(readTableName(reader)));
}

function isSemicolon(token: Token | undefined): boolean {
  return token?.kind === "op" && token.text === ";";
}

function create(reader: Reader): Compiled {
  if (reader.accept("schema")) {
    const exists = reader.accept("if", "not", "exists") ? "IF NOT EXISTS " : "";
    const name = quoteName(readName(reader));
    reader.end();
    return { kind: "sql", sql: [`CREATE SCHEMA ${exists}${name}`] };
  }
  const role = ["user", "group", "role"].find((word) => reader.accept(word));
  if (role !== undefined) {
    const name = quoteName(readName(reader));
    if (role === "user" && reader.accept("password") && !reader.accept("disable")) reader.string();
    reader.end();
    return { kind: "sql", sql: [`CREATE ROLE ${name}`] };
  }
  const replace = reader.accept("or", "replace");
  if (reader.accept("view")) {
    const view = quoteTable(readTableName(reader));
    reader.expect("as");
    const query = rewrite(reader.rest(), { caseSensitive: false });
    const readOnly = `CREATE OR REPLACE TRIGGER rs_no_writes INSTEAD OF INSERT OR UPDATE OR DELETE ON ${view} FOR EACH ROW EXECUTE FUNCTION rs.no_writes()`;
    return {
      kind: "sql",
      sql: [`CREATE ${replace ? "OR REPLACE " : ""}VIEW ${view} AS ${query}`, readOnly],
    };
  }
  if (replace) throw reader.error();
  return { kind: "sql", sql: createTable(reader) };
}

function drop(reader: Reader): Compiled {
  const what = ["table", "view", "schema"].find((word) => reader.accept(word));
  if (what === undefined) throw reader.error();
  const exists = reader.accept("if", "exists") ? "IF EXISTS " : "";
  const names = [quoteTable(readTableName(reader))];
  while (reader.accept(",")) names.push(quoteTable(readTableName(reader)));
  const cascade = reader.accept("cascade") ? " CASCADE" : "";
  if (!cascade) reader.accept("restrict");
  reader.end();
  return { kind: "sql", sql: [`DROP ${what} ${exists}${names.join(", ")}${cascade}`] };
}

function lock(reader: Reader): Compiled {
  reader.accept("table");
  const tables = splitCommas(reader.rest()).map((tokens) => {
    const item = new Reader(tokens);
    const table = quoteTable(readTableName(item));
    item.end(); // no modes, no NOWAIT
    return table;
  });
  return { kind: "sql", inside: true, sql: [`LOCK TABLE ${tables.join(", ")} IN ACCESS EXCLUSIVE MODE`] };
}

function truncate(reader: Reader): Compiled {
  reader.accept("table");
  const table = quoteTable(readTableName(reader));
  reader.end();
  return { kind: "truncate", sql: `TRUNCATE ${table}` };
}

function analyze(reader: Reader): Compiled {
  if (reader.done) return { kind: "sql", sql: ["ANALYZE"] };
  const table = quoteTable(readTableName(reader));
  const columns = reader.looksAt("(") ? ` (${readNames(reader).map(quoteName).join(", ")})` : "";
  if (!reader.accept("predicate", "columns")) reader.accept("all", "columns");
  reader.end();
  return { kind: "sql", sql: [`ANALYZE ${table}${columns}`] };
}

const VACUUM_KINDS = [["full"], ["sort", "only"], ["delete", "only"], ["reindex"], ["recluster"]];

function vacuum(reader: Reader): Compiled {
  VACUUM_KINDS.find((words) => reader.accept(...words));
  if (reader.done) return { kind: "sql", alone: true, sql: ["VACUUM"] };
  const table = quoteTable(readTableName(reader));
  if (reader.accept("to")) {
    reader.integer();
    reader.expect("percent");
  }
  reader.end();
  return { kind: "sql", alone: true, sql: [`VACUUM ${table}`] };
}

/** Session settings that the router uses; another one is refused, so that a misspelt one is noticed. */
const SETTINGS = new Set([
  "enable_case_sensitive_identifier",
  "enable_case_sensitive_super_attribute",
  "statement_timeout",
  "search_path",
  "query_group",
  "timezone",
  "json_parse_dedup_attributes",
  "json_parse_truncate_strings",
]);

function set(reader: Reader): Compiled {
  reader.accept("local");
  const token = reader.next();
  if (token.kind !== "word" || !SETTINGS.has(token.text))
    throw new SqlError(`unrecognized configuration parameter "${token.text}"`);
  if (!reader.accept("to")) reader.expect("=");
  const value = reader.rest();
  if (value.length === 0) throw reader.error();
  return { kind: "set", name: token.text, value: value.map((part) => part.text).join("") };
}

function isOrdered(tokens: readonly Token[]): boolean {
  let depth = 0;
  return tokens.some((token, at) => {
    if (token.kind === "op" && token.text === "(") depth += 1;
    if (token.kind === "op" && token.text === ")") depth -= 1;
    const next = tokens[at + 1];
    return (
      depth === 0 &&
      token.kind === "word" &&
      token.text === "order" &&
      next?.kind === "word" &&
      next.text === "by"
    );
  });
}

/** DELETE t WHERE … without FROM is Redshift's too. */
function withFrom(tokens: readonly Token[]): readonly Token[] {
  const [first, second] = tokens;
  const isDelete = first?.kind === "word" && first.text === "delete";
  if (!isDelete || (second?.kind === "word" && second.text === "from")) return tokens;
  return [first, { kind: "word", text: "from" }, ...tokens.slice(1)];
}
