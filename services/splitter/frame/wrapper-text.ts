// The text of a wrapper object around its array of records: finds the array, keeps everything else, and says at the end whether the
// wrapper was valid JSON and had its records.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;

export class WrapperText {
  readonly #member: string;
  readonly #maxBytes: number;
  /** The text so far; each array of records stands in it as `[]`. */
  #text = new Uint8Array(1024);
  #length = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Start in the text of the string that may be a key, and the last whole one, at the wrapper's own level. */
  #stringStart = 0;
  #key: string | undefined;
  #isKeyNext = false;
  #isValueNext = false;
  #arrays = 0;

  constructor(member: string, maxBytes: number) {
    this.#member = member;
    this.#maxBytes = maxBytes;
  }

  /** Reads on until the array begins (its `[` used), the wrapper ends, or the bytes do. */
  take(bytes: Uint8Array): { readonly used: number; readonly event: "array" | "end" | "more" | "too-long" } {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (this.#length >= this.#maxBytes) return { used: at, event: "too-long" };
      this.#push(byte);
      if (this.#inString) this.#string(byte);
      else if (byte === OPEN_BRACKET && this.#isValueNext && this.#key === this.#member) {
        this.#isValueNext = false;
        return { used: at + 1, event: "array" };
      } else if (this.#structure(byte)) return { used: at + 1, event: "end" };
    }
    return { used: bytes.length, event: "more" };
  }

  arrayEnded(): void {
    this.#push(0x5d);
    this.#arrays++;
  }

  /** What is wrong with a wrapper that has ended, if anything. */
  problem(): string | undefined {
    try {
      JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.text()));
    } catch {
      return "the wrapper is not valid JSON";
    }
    return this.#arrays > 0
      ? undefined
      : `the wrapper has no member ${JSON.stringify(this.#member)} with an array`;
  }

  text(): Uint8Array {
    return this.#text.slice(0, this.#length);
  }

  #push(byte: number): void {
    if (this.#length === this.#text.length) {
      const grown = new Uint8Array(this.#length * 2);
      grown.set(this.#text);
      this.#text = grown;
    }
    this.#text[this.#length++] = byte;
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#depth === 1 && this.#isKeyNext) this.#key = this.#lastString();
      this.#isKeyNext = false;
    }
  }

  /** Anything but strings; true when the wrapper has ended. */
  #structure(byte: number): boolean {
    if (byte === QUOTE) {
      this.#inString = true;
      this.#stringStart = this.#length - 1;
      this.#isValueNext = false;
      return false;
    }
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return false;
    this.#isValueNext = byte === 0x3a && this.#depth === 1;
    if (byte === 0x7b || byte === OPEN_BRACKET) this.#depth++;
    else if (byte === 0x7d || byte === 0x5d) this.#depth--;
    this.#isKeyNext = this.#depth === 1 && (byte === 0x7b || byte === 0x2c);
    return this.#depth === 0;
  }

  #lastString(): string | undefined {
    try {
      const key: unknown = JSON.parse(
        new TextDecoder().decode(this.#text.subarray(this.#stringStart, this.#length)),
      );
      return typeof key === "string" ? key : undefined;
    } catch {
      return undefined;
    }
  }
}
