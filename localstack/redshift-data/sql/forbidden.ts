// Constructs that PostgreSQL has and Redshift has not. Found anywhere in a statement, they are refused.
import { SqlError } from "./sql-error.ts";
import type { Token } from "./tokens.ts";

/** Runs of words and operators, in lower case. */
const FORBIDDEN: readonly (readonly string[])[] = [
  ["on", "conflict"],
  ["returning"],
  ["distinct", "on", "("],
  ["filter", "("],
  ["lateral"],
  ["string_agg", "("],
  ["array_agg", "("],
  ["for", "update"],
  ["for", "share"],
  ["for", "no"],
  ["jsonb"],
  ["json", "("],
  ["serial"],
  ["bigserial"],
  ["->>"],
  ["->"],
  ["@>"],
  ["<@"],
  [":="],
  ["create", "index"],
  ["create", "unique", "index"],
  ["create", "extension"],
  ["create", "type"],
  ["create", "trigger"],
  ["create", "sequence"],
  ["do", "$"],
  ["unnest", "("],
  ["generate_subscripts", "("],
  ["jsonb_build_object", "("],
  ["to_jsonb", "("],
  ["format", "("],
  ["pg_advisory_lock", "("],
  ["pg_advisory_xact_lock", "("],
  ["nowait"],
  ["skip", "locked"],
  ["tablesample"],
  ["fetch", "first"],
  // VALUES is no table expression; behind INSERT it is written without a parenthesis.
  ["(", "values"],
  ["~*"],
  ["!~*"],
  ["?"],
  ["overriding"],
  ["row", "("],
];

export function refuseForbidden(tokens: readonly Token[]): void {
  tokens.forEach((token, at) => {
    if (token.kind !== "word" && token.kind !== "op") return;
    const run = FORBIDDEN.find((words) => words.every((word, index) => matches(tokens[at + index], word)));
    if (run !== undefined)
      throw new SqlError(`syntax error at or near "${run.join(" ")}": Redshift has no such construct`);
    if (token.text === "[" && matches(tokens[at - 1], "array"))
      throw new SqlError('syntax error at or near "["');
  });
}

/** A query that changes something: PostgreSQL's data-modifying WITH. */
export function refuseChanges(tokens: readonly Token[]): void {
  tokens.forEach((token, at) => {
    const changes =
      matches(token, "update") ||
      (matches(token, "insert") && matches(tokens[at + 1], "into")) ||
      (matches(token, "delete") && matches(tokens[at + 1], "from"));
    if (changes) throw new SqlError(`syntax error at or near "${token.text}"`);
  });
}

function matches(token: Token | undefined, text: string): boolean {
  return token !== undefined && (token.kind === "word" || token.kind === "op") && token.text === text;
}
