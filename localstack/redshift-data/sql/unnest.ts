// PartiQL's unnesting: an array of a table in FROM, named through its alias (`FROM t AS x, x.items AS i`), gives its elements as rows. `i.key`
// goes into the element then, although it has two parts only.
import type { Token } from "./tokens.ts";

export interface Unnested {
  readonly alias: string;
  readonly from: string;
  readonly column: string;
}

const isOp = (token: Token | undefined, text: string): boolean => token?.kind === "op" && token.text === text;
const isWord = (token: Token | undefined, text: string): boolean =>
  token?.kind === "word" && token.text === text;
const nameOf = (token: Token | undefined): string | undefined =>
  token?.kind === "word" || token?.kind === "name" ? token.text : undefined;

/** The item `a.b AS c` behind the comma at `at`, when `a` is an alias of the same FROM clause. */
export function unnestedAt(tokens: readonly Token[], at: number): Unnested | undefined {
  const [from, column, alias] = [tokens[at + 1], tokens[at + 3], tokens[at + 5]].map(nameOf);
  const isItem = isOp(tokens[at], ",") && isOp(tokens[at + 2], ".") && isWord(tokens[at + 4], "as");
  if (!isItem || from === undefined || column === undefined || alias === undefined) return undefined;
  const clause = tokens.slice(0, at).findLastIndex((token) => isWord(token, "from"));
  const select = tokens.slice(0, at).findLastIndex((token) => isWord(token, "select"));
  if (clause < select || clause < 0) return undefined;
  const isAlias = tokens
    .slice(clause, at)
    .some((token, index) => isWord(token, "as") && nameOf(tokens[clause + index + 1]) === from);
  return isAlias ? { alias, from, column } : undefined;
}

/** Every unnested array of a statement. */
export function unnested(tokens: readonly Token[]): readonly Unnested[] {
  return tokens.flatMap((_, at) => unnestedAt(tokens, at) ?? []);
}
