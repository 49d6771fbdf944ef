// A strict JSON reader that keeps every value's exact text, duplicate keys and depth: what COPY's rules need and JSON.parse forgets.

export type Json =
  | { readonly kind: "null" | "boolean" | "number"; readonly raw: string }
  | { readonly kind: "string"; readonly raw: string; readonly value: string }
  | { readonly kind: "array"; readonly raw: string; readonly items: readonly Json[] }
  | { readonly kind: "object"; readonly raw: string; readonly members: readonly (readonly [string, Json])[] };

const MAX_DEPTH = 3000;

/** Throws SyntaxError with the position of the first wrong character. */
export function parseJson(text: string): Json {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.space();
  if (parser.at !== text.length) throw parser.wrong();
  return value;
}

class Parser {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  wrong(): SyntaxError {
    return new SyntaxError(`unexpected character at position ${this.at}`);
  }

  space(): void {
    while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at]!)) this.at += 1;
  }

  value(depth: number): Json {
    if (depth > MAX_DEPTH) throw new SyntaxError("nesting is too deep");
    this.space();
    const start = this.at;
    const char = this.text[start];
    if (char === "{") return this.object(start, depth);
    if (char === "[") return this.array(start, depth);
    if (char === '"') {
      const value = this.string();
      return { kind: "string", raw: this.text.slice(start, this.at), value };
    }
    const rest = /(?:(null)|(true|false)|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?))/y;
    rest.lastIndex = start;
    const match = rest.exec(this.text);
    if (match === null) throw this.wrong();
    this.at = rest.lastIndex;
    return { kind: match[1] ? "null" : match[2] ? "boolean" : "number", raw: match[0] };
  }

  object(start: number, depth: number): Json {
    const members: (readonly [string, Json])[] = [];
    this.at += 1;
    this.space();
    if (this.text[this.at] === "}") this.at += 1;
    else
      for (;;) {
        this.space();
        if (this.text[this.at] !== '"') throw this.wrong();
        const key = this.string();
        this.space();
        if (this.text[this.at] !== ":") throw this.wrong();
        this.at += 1;
        members.push([key, this.value(depth + 1)]);
        if (this.closes("}")) break;
      }
    return { kind: "object", raw: this.text.slice(start, this.at), members };
  }

  array(start: number, depth: number): Json {
    const items: Json[] = [];
    this.at += 1;
    this.space();
    if (this.text[this.at] === "]") this.at += 1;
    else
      for (;;) {
        items.push(this.value(depth + 1));
        if (this.closes("]")) break;
      }
    return { kind: "array", raw: this.text.slice(start, this.at), items };
  }

  closes(end: string): boolean {
    this.space();
    const char = this.text[this.at];
    if (char !== "," && char !== end) throw this.wrong();
    this.at += 1;
    return char === end;
  }

  string(): string {
    // oxlint-disable-next-line no-control-regex
    const body = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    body.lastIndex = this.at;
    const match = body.exec(this.text);
    if (match === null) throw this.wrong();
    this.at = body.lastIndex;
    return match[0].includes("\\") ? (JSON.parse(match[0]) as string) : match[0].slice(1, -1);
  }
}
