// A small strict JSON parser (RFC 8259) that keeps what JSON.parse loses: the exact text of numbers, duplicate members, and where
// each value stands. It does not recurse, so depth never overflows the stack. Slow beside JSON.parse: for the rare line and for tests.

interface Span {
  /** Position of the value's first code unit in the text. */
  readonly start: number;
  /** Position after its last one. */
  end: number;
}

export interface JsonMember {
  readonly key: string;
  /** Position of the key's opening quote. */
  readonly start: number;
  readonly value: JsonValue;
}

export interface JsonObject extends Span {
  readonly type: "object";
  /** All of them, duplicates included, in order. */
  readonly members: JsonMember[];
  /** Holds a container beyond the depth asked for; such containers are checked but not kept. */
  tooDeep: boolean;
}

export interface JsonArray extends Span {
  readonly type: "array";
  readonly items: JsonValue[];
  tooDeep: boolean;
}

export type JsonContainer = JsonObject | JsonArray;

export type JsonValue =
  | JsonContainer
  | (Span & { readonly type: "null" })
  | (Span & { readonly type: "boolean" })
  | (Span & { readonly type: "number"; readonly text: string })
  | (Span & { readonly type: "string"; readonly value: string });

/** The text is not one JSON value. `position` counts code units. */
export class JsonSyntaxError extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    // One is made for every bad line, and where in the parser it was made helps nobody: without a stack that takes a tenth of the time.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "JsonSyntaxError";
    this.position = position;
  }
}

/** Parses one JSON value. Containers at a level beyond `maxDepth` (the outermost is level 1) are checked but not kept. */
export function parseJson(text: string, maxDepth = Number.POSITIVE_INFINITY): JsonValue {
  return new Parser(text, maxDepth).document();
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;
const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;
  #fresh = false;
  #root: JsonValue | undefined;
  /** Open containers that are kept. */
  readonly #open: JsonContainer[] = [];
  /** Closing brackets of the open containers beyond the depth. */
  readonly #deep: number[] = [];

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  document(): JsonValue {
    this.#skip();
    this.#value("", 0);
    while (this.#open.length > 0) this.#step();
    this.#skip();
    if (this.#at < this.#text.length) this.#fail("something follows the value");
    return this.#root!;
  }

  /** One member, one item or one closing bracket of the innermost open container. */
  #step(): void {
    this.#skip();
    const closer = this.#closer();
    if (this.#peek() === closer) return this.#close();
    if (!this.#fresh) this.#expect(0x2c, "a comma or a closing bracket");
    this.#skip();
    if (closer === CLOSE_ARRAY) return this.#value("", 0);
    const start = this.#at;
    if (this.#peek() !== QUOTE) this.#fail("a key is expected");
    const key = this.#string();
    this.#skip();
    this.#expect(0x3a, "a colon");
    this.#skip();
    this.#value(key, start);
  }

  #value(key: string, keyStart: number): void {
    const start = this.#at;
    const c = this.#peek();
    if (c === 0x7b || c === 0x5b) return this.#enter(c === 0x7b, key, keyStart);
    if (c === QUOTE) {
      const value = this.#string();
      this.#attach({ type: "string", value, start, end: this.#at }, key, keyStart);
    } else if (c === 0x2d || isDigit(c)) {
      const text = this.#number();
      this.#attach({ type: "number", text, start, end: this.#at }, key, keyStart);
    } else {
      const word = c === 0x74 ? "true" : c === 0x66 ? "false" : "null";
      if (!this.#text.startsWith(word, start)) this.#fail("a value is expected");
      this.#at += word.length;
      this.#attach({ type: word === "null" ? "null" : "boolean", start, end: this.#at }, key, keyStart);
    }
    this.#fresh = false;
  }

  #enter(isObject: boolean, key: string, keyStart: number): void {
    const start = this.#at++;
    this.#fresh = true;
    if (this.#open.length + this.#deep.length >= this.#maxDepth) {
      this.#open.at(-1)!.tooDeep = true;
      this.#deep.push(isObject ? CLOSE_OBJECT : CLOSE_ARRAY);
      return;
    }
    const container: JsonContainer = isObject
      ? { type: "object", members: [], tooDeep: false, start, end: start }
      : { type: "array", items: [], tooDeep: false, start, end: start };
    this.#attach(container, key, keyStart);
    this.#open.push(container);
  }

  #close(): void {
    this.#at++;
    this.#fresh = false;
    if (this.#deep.pop() === undefined) this.#open.pop()!.end = this.#at;
  }

  #closer(): number {
    return this.#deep.at(-1) ?? (this.#open.at(-1)!.type === "object" ? CLOSE_OBJECT : CLOSE_ARRAY);
  }

  #attach(value: JsonValue, key: string, keyStart: number): void {
    if (this.#deep.length > 0) return;
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = value;
    else if (parent.type === "object") parent.members.push({ key, start: keyStart, value });
    else parent.items.push(value);
  }

  #string(): string {
    const text = this.#text;
    let out = "";
    let from = ++this.#at;
    for (;;) {
      const c = this.#peek();
      if (c === QUOTE) break;
      if (c === BACKSLASH) {
        out += text.slice(from, this.#at) + this.#escape();
        from = this.#at;
      } else if (c < 0x20) this.#fail("a control character or the end within a string");
      else this.#at++;
    }
    out += text.slice(from, this.#at++);
    return out;
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    if (letter === "u") {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail("an unknown escape");
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const character = Object.hasOwn(ESCAPED, letter) ? ESCAPED[letter] : undefined;
    if (character === undefined) this.#fail("an unknown escape");
    this.#at += 2;
    return character;
  }

  #number(): string {
    const start = this.#at;
    if (this.#peek() === 0x2d) this.#at++;
    if (this.#peek() === 0x30) this.#at++;
    else this.#digits();
    if (this.#peek() === 0x2e) {
      this.#at++;
      this.#digits();
    }
    if ((this.#peek() | 0x20) === 0x65) {
      this.#at++;
      if (this.#peek() === 0x2b || this.#peek() === 0x2d) this.#at++;
      this.#digits();
    }
    return this.#text.slice(start, this.#at);
  }

  #digits(): void {
    if (!isDigit(this.#peek())) this.#fail("a digit is expected");
    while (isDigit(this.#peek())) this.#at++;
  }

  #skip(): void {
    for (;;) {
      const c = this.#peek();
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  #expect(code: number, what: string): void {
    if (this.#peek() !== code) this.#fail(`${what} is expected`);
    this.#at++;
  }

  /** The next code unit, 0 at the end (a real NUL is valid nowhere). */
  #peek(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : 0;
  }

  #fail(what: string): never {
    throw new JsonSyntaxError(what, this.#at);
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
