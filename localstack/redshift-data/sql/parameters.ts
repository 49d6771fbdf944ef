// `:name` placeholders of the Data API: values only, shared by a batch, each used at least once, nothing inside literals and comments.
import type { Token } from "./tokens.ts";

export type Parameters = ReadonlyMap<string, string>;

export function parameterNames(tokens: readonly Token[]): Set<string> {
  return new Set(tokens.flatMap((_, at) => nameAt(tokens, at) ?? []));
}

/** Each placeholder becomes a literal, as if it were bound: where a name is needed, the statement fails. */
export function bindParameters(tokens: readonly Token[], parameters: Parameters): Token[] {
  const bound: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const name = nameAt(tokens, at);
    const value = name === undefined ? undefined : parameters.get(name);
    if (value === undefined) bound.push(tokens[at]!);
    else {
      bound.push({ kind: "string", text: value });
      at += 1;
    }
  }
  return bound;
}

function nameAt(tokens: readonly Token[], at: number): string | undefined {
  const [colon, word] = [tokens[at], tokens[at + 1]];
  return colon?.kind === "op" && colon.text === ":" && word?.kind === "word" ? word.text : undefined;
}
