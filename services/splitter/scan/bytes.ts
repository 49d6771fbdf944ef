// Byte-level rules that the scanner applies in passing: where strings end, what they hold, and which are times.
import { classifyString, daysInMonth } from "../../../shared/shape/classify.ts";
import { KIND } from "./kinds.ts";

/** 0 for bytes that stand for themselves within a JSON string; 1 for quote, backslash, control characters and beyond ASCII. */
export const SPECIAL = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === 0x22 || byte === 0x5c || byte >= 0x80 ? 1 : 0,
);

/** 1 for the letters of two-character escapes. */
const ESCAPE_LETTER = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** 0–15 for hexadecimal digits, else 255. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

/** Reads the strings that hold more than plain ASCII. */
export class StringReader {
  /** Bytes that the string last read has more as it is written than unescaped. */
  surplus = 0;

  /**
   * Goes on at `at`, within a string, to its closing quote and returns the quote's position; −1 when the string is invalid, or holds
   * what no warehouse takes (NUL, half a surrogate pair): the slow path tells which.
   */
  finish(bytes: Uint8Array, at: number): number {
    let surplus = 0;
    for (;;) {
      const c = bytes[at]!;
      if (SPECIAL[c] === 0) {
        at++;
        continue;
      }
      if (c === 0x22) break;
      if (c >= 0x80) {
        // The commonest of what utf8Length knows.
        const length = c < 0xe0 && c > 0xc1 && bytes[at + 1]! >> 6 === 2 ? 2 : utf8Length(bytes, at, c);
        if (length === 0) return -1;
        at += length;
      } else if (c !== 0x5c) return -1;
      else if (bytes[at + 1] !== 0x75) {
        if (ESCAPE_LETTER[bytes[at + 1]!] === 0) return -1;
        surplus++;
        at += 2;
      } else {
        const unit = hexUnit(bytes, at + 2);
        if (unit <= 0 || (unit >= 0xdc00 && unit < 0xe000)) return -1;
        if (unit < 0xd800 || unit >= 0xe000) {
          surplus += unit < 0x80 ? 5 : unit < 0x800 ? 4 : 3;
          at += 6;
        } else {
          if (bytes[at + 6] !== 0x5c || bytes[at + 7] !== 0x75) return -1;
          if (hexUnit(bytes, at + 8) >> 10 !== 0x37) return -1;
          surplus += 8;
          at += 12;
        }
      }
    }
    this.surplus = surplus;
    return at;
  }
}

/** The four hexadecimal digits at `at` as a number, −1 when they are not. */
function hexUnit(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [HEX[bytes[at]!]!, HEX[bytes[at + 1]!]!, HEX[bytes[at + 2]!]!, HEX[bytes[at + 3]!]!];
  return (a | b | c | d) > 15 ? -1 : (a << 12) | (b << 8) | (c << 4) | d;
}

/** Length of the well-formed UTF-8 sequence (RFC 3629) that begins at `at` with `first`, 0 when there is none. */
function utf8Length(bytes: Uint8Array, at: number, first: number): number {
  const second = bytes[at + 1]!;
  if (first < 0xe0) return first >= 0xc2 && second >> 6 === 2 ? 2 : 0;
  if (second >> 6 !== 2 || bytes[at + 2]! >> 6 !== 2) return 0;
  if (first < 0xf0) {
    if (first === 0xe0) return second >= 0xa0 ? 3 : 0;
    return first !== 0xed || second < 0xa0 ? 3 : 0;
  }
  if (bytes[at + 3]! >> 6 !== 2) return 0;
  if (first === 0xf0) return second >= 0x90 ? 4 : 0;
  return first < 0xf4 || (first === 0xf4 && second < 0x90) ? 4 : 0;
}

const DASH = 0x2d;
// Constants of this module are compiled in; imported ones are looked up.
const { STRING, DATE, TIMESTAMP, TIMESTAMPTZ } = KIND;

/** The kind of a string of `length` plain ASCII bytes: classifyString of shared/shape on bytes. */
export function stringKind(bytes: Uint8Array, at: number, length: number): number {
  if (length < 10 || length > 32 || bytes[at + 4] !== DASH || bytes[at + 7] !== DASH) return STRING;
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  // Two bytes that are no digits give a number beyond 99, so that every comparison below fails for them.
  if (year === 0 || year > 9999 || day === 0) return STRING;
  if (day > 28 ? day > daysInMonth(year, month) : month === 0 || month > 12) return STRING;
  if (length === 10) return DATE;
  const separator = bytes[at + 10];
  if (length < 19 || (separator !== 0x54 && separator !== 0x20)) return STRING;
  if (bytes[at + 13] !== 0x3a || bytes[at + 16] !== 0x3a) return STRING;
  if (twoDigits(bytes, at + 11) > 23 || twoDigits(bytes, at + 14) > 59 || twoDigits(bytes, at + 17) > 59) {
    return STRING;
  }
  return fractionAndZone(bytes, at + 19, at + length, year);
}

function fractionAndZone(bytes: Uint8Array, at: number, end: number, year: number): number {
  if (at < end && bytes[at] === 0x2e) {
    const start = ++at;
    while (at < end && isDigit(bytes[at]!)) at++;
    if (at === start || at - start > 6) return STRING;
  }
  if (at === end) return TIMESTAMP;
  const sign = bytes[at];
  if (sign === 0x5a) return at + 1 === end ? TIMESTAMPTZ : STRING;
  if ((sign !== 0x2b && sign !== DASH) || end - at !== 6 || bytes[at + 3] !== 0x3a) return STRING;
  const hours = twoDigits(bytes, at + 1);
  const minutes = twoDigits(bytes, at + 4);
  if (hours > 15 || minutes > 59) return STRING;
  const edge = year === 1 || year === 9999;
  return edge && hours + minutes > 0 ? STRING : TIMESTAMPTZ;
}

/** 0–99, or a number over 9,999 when the two bytes are not both digits. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? 100_000 : tens * 10 + ones;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The kind of a string with escapes, between its quotes, that is valid and `length` bytes long unescaped. */
export function escapedStringKind(bytes: Uint8Array, start: number, end: number, length: number): number {
  const first = bytes[start];
  if (length < 10 || length > 32 || (first !== 0x5c && !isDigit(first!))) return KIND.STRING;
  const kind = classifyString(unescaped(bytes, start, end));
  if (kind === "string") return KIND.STRING;
  if (kind === "date") return KIND.DATE;
  return kind === "timestamp" ? KIND.TIMESTAMP : KIND.TIMESTAMPTZ;
}

/** The text of a valid JSON string between its quotes. */
export function unescaped(bytes: Uint8Array, start: number, end: number): string {
  return String(JSON.parse(`"${asBuffer(bytes).toString("utf8", start, end)}"`));
}

/** The same bytes as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
