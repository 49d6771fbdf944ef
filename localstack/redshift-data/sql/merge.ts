// MERGE as Redshift documents it: both WHEN clauses once and without further conditions, or REMOVE DUPLICATES; no WITH in the source.
import { rewrite, type RewriteOptions } from "./expressions.ts";
import { quoteTable, readTableName } from "./identifiers.ts";
import type { Reader } from "./reader.ts";
import { SqlError } from "./sql-error.ts";
import type { Token } from "./tokens.ts";

/** `reader` stands behind MERGE INTO. */
export function merge(reader: Reader, options: RewriteOptions): string[] {
  const target = quoteTable(readTableName(reader));
  const body = reader.rest();
  const words = body.map((token) => (token.kind === "word" ? token.text : ""));
  if (words.includes("remove")) throw new SqlError("the stand-in has no MERGE … REMOVE DUPLICATES");
  const matched = positions(words, ["when", "matched"]);
  const missing = positions(words, ["when", "not", "matched"]);
  if (matched.length !== 1 || missing.length !== 1)
    throw new SqlError("MERGE needs exactly one WHEN MATCHED and one WHEN NOT MATCHED clause");
  for (const at of [matched[0]! + 2, missing[0]! + 3])
    if (words[at] !== "then") throw new SqlError("MERGE: WHEN clauses take no further condition");
  if (words.includes("with")) throw new SqlError("MERGE does not take WITH");
  return [`MERGE INTO ${target} ${rewrite(body as Token[], options)}`];
}

function positions(words: readonly string[], run: readonly string[]): number[] {
  return words.flatMap((_, at) => (run.every((word, index) => words[at + index] === word) ? [at] : []));
}
