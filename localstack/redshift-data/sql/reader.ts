// A cursor over tokens, for the small recursive readers of statements.
import { SqlError } from "./sql-error.ts";
import type { Token } from "./tokens.ts";

export class Reader {
  readonly tokens: readonly Token[];
  at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  /** True when the next tokens are these words or operators. */
  looksAt(...texts: readonly string[]): boolean {
    return texts.every((text, index) => {
      const token = this.peek(index);
      return token !== undefined && (token.kind === "word" || token.kind === "op") && token.text === text;
    });
  }

  /** Takes these words or operators if they are next. */
  accept(...texts: readonly string[]): boolean {
    if (!this.looksAt(...texts)) return false;
    this.at += texts.length;
    return true;
  }

  expect(...texts: readonly string[]): void {
    if (!this.accept(...texts)) throw this.error();
  }

  next(): Token {
    const token = this.tokens[this.at];
    if (token === undefined) throw new SqlError("syntax error at end of input");
    this.at += 1;
    return token;
  }

  string(): string {
    const token = this.next();
    if (token.kind !== "string") throw this.error(token);
    return token.text;
  }

  integer(): number {
    const token = this.next();
    if (token.kind !== "number" || !/^\d+$/.test(token.text)) throw this.error(token);
    return Number(token.text);
  }

  /** The tokens of a parenthesised group, the outer parentheses not included. */
  group(): Token[] {
    this.expect("(");
    const inside: Token[] = [];
    for (let depth = 1; ;) {
      const token = this.next();
      if (token.kind === "op" && token.text === "(") depth += 1;
      if (token.kind === "op" && token.text === ")" && (depth -= 1) === 0) return inside;
      inside.push(token);
    }
  }

  rest(): Token[] {
    const left = this.tokens.slice(this.at);
    this.at = this.tokens.length;
    return left;
  }

  end(): void {
    if (!this.done) throw this.error(this.peek());
  }

  error(token: Token | undefined = this.peek()): SqlError {
    return new SqlError(
      token === undefined ? "syntax error at end of input" : `syntax error at or near "${token.text}"`,
    );
  }
}

/** Splits tokens at commas outside parentheses. */
export function splitCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === "op" && (token.text === "(" || token.text === "[")) depth += 1;
    if (token.kind === "op" && (token.text === ")" || token.text === "]")) depth -= 1;
    if (depth === 0 && token.kind === "op" && token.text === ",") parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}
