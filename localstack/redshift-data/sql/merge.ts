// MERGE as Redshift documents it: both WHEN clauses once and without further conditions; ON with equalities; no WITH, and a source that is
// not the target.
import { rewrite, type RewriteOptions } from "./expressions.ts";
import { lockForWriting, quoteTable, readTableName } from "./identifiers.ts";
import type { Reader } from "./reader.ts";
import { SqlError } from "./sql-error.ts";
import type { Token } from "./tokens.ts";

/** `reader` stands behind MERGE INTO. */
export function merge(reader: Reader, options: RewriteOptions): { before: string[]; sql: string[] } {
  const name = readTableName(reader);
  const target = quoteTable(name);
  if (!reader.looksAt("using")) throw reader.error(); // the target has no alias
  const body = reader.rest();
  const words = body.map((token) => (token.kind === "word" || token.kind === "op" ? token.text : ""));
  if (words.includes("remove")) throw new SqlError("the stand-in has no MERGE … REMOVE DUPLICATES");
  const [matched, more] = positions(words, ["when", "matched"]);
  const [missing, evenMore] = positions(words, ["when", "not", "matched"]);
  if (matched === undefined || missing === undefined || more !== undefined || evenMore !== undefined)
    throw new SqlError("MERGE needs exactly one WHEN MATCHED and one WHEN NOT MATCHED clause");
  if (words[matched + 2] !== "then" || words[missing + 3] !== "then")
    throw new SqlError("MERGE: WHEN clauses take no further condition");
  if (!["update", "delete"].includes(words[matched + 3]!) || words[missing + 4] !== "insert")
    throw new SqlError("MERGE: WHEN MATCHED THEN UPDATE or DELETE, WHEN NOT MATCHED THEN INSERT");
  if (words.includes("with")) throw new SqlError("MERGE does not take WITH");
  const on = words.lastIndexOf("on", Math.min(matched, missing));
  const condition = words.slice(on + 1, Math.min(matched, missing));
  if (
    !condition.includes("=") ||
    condition.some((word) => ["<", ">", "<=", ">=", "<>", "!=", "or"].includes(word))
  )
    throw new SqlError("MERGE: ON takes equality predicates");
  if (readsTarget(body.slice(1, on), name.name))
    throw new SqlError("MERGE: the source cannot be the target table");
  return { before: [lockForWriting(target)], sql: [`MERGE INTO ${target} ${rewrite(body, options)}`] };
}

function positions(words: readonly string[], run: readonly string[]): number[] {
  return words.flatMap((_, at) => (run.every((word, index) => words[at + index] === word) ? [at] : []));
}

/** By name: a table of the same name in another schema is refused too. */
function readsTarget(source: readonly Token[], target: string): boolean {
  return source.some((token, at) => {
    if ((token.kind !== "name" && token.kind !== "word") || token.text !== target) return false;
    const next = source[at + 1];
    const before = source[at - 1];
    const isColumn = next?.kind === "op" && next.text === ".";
    return (
      !isColumn && (before === undefined || before.kind === "op" || ["from", "join"].includes(before.text))
    );
  });
}
