// Finds where a JSON value inside an array ends, by counting brackets outside of strings; goes on over any number of calls.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What ends a number or a word: comma, brackets, white space. The byte itself is not part of it. */
function endsScalar(byte: number): boolean {
  return (
    byte === 0x2c ||
    byte === 0x5d ||
    byte === 0x7d ||
    byte === 0x20 ||
    byte === 0x0a ||
    byte === 0x0d ||
    byte === 0x09
  );
}

export class ValueScan {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #inScalar = false;

  /** Scans `bytes` from `from` up to `to`. `at` is where the value ends, or `to`. */
  scan(bytes: Uint8Array, from: number, to: number): { readonly at: number; readonly ended: boolean } {
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let at = from;
    let ended = false;
    for (; at < to && !ended; at++) {
      const byte = bytes[at]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) {
          inString = false;
          ended = depth === 0;
        }
      } else if (this.#inScalar) {
        if (endsScalar(byte)) return { at, ended: true };
      } else if (byte === QUOTE) inString = true;
      else if (byte === 0x7b || byte === 0x5b) depth++;
      else if (byte === 0x7d || byte === 0x5d) ended = --depth <= 0;
      else if (depth === 0) this.#inScalar = true;
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    return { at, ended };
  }
}
