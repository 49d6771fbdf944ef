// Numbers that the scanner's own loop leaves aside: more than nine digits, a point, an exponent.
import { classifyNumber } from "../../../shared/shape/classify.ts";
import { asBuffer } from "./bytes.ts";
import { KIND, packDigits } from "./kinds.ts";

const MAX_HIGH = 9_223_372_036;
const MAX_LOW = 854_775_807;

/** Reads numbers; what the last one was is in the fields. */
export class NumberReader {
  kind = 0;
  /** What goes on the tape with the kind. */
  value = 0;

  /**
   * Reads on: `start` is the number's first byte, `at` the byte after its integer digits. Returns the position after the number; −1
   * when it is invalid or not exact.
   */
  finish(bytes: Uint8Array, start: number, at: number): number {
    const digitsAt = bytes[start] === 0x2d ? start + 1 : start;
    const digits = at - digitsAt;
    const c = bytes[at]!;
    if (c === 0x2e) return this.#fraction(bytes, start, digitsAt, at);
    if ((c | 0x20) === 0x65) return this.#exponent(bytes, start, at);
    if (digits <= 15) {
      const value = decimal(bytes, digitsAt, at);
      this.kind = KIND.INTEGER;
      this.value = digitsAt > start ? -value : value;
      return at;
    }
    if (digits > 19 || (digits === 19 && !fits(bytes, digitsAt, at))) return this.#slow(bytes, start, at);
    this.kind = KIND.BIG_INTEGER;
    this.value = start;
    return at;
  }

  #fraction(bytes: Uint8Array, start: number, digitsAt: number, point: number): number {
    let end = point + 1;
    while (isDigit(bytes[end]!)) end++;
    if (end === point + 1) return -1;
    if ((bytes[end]! | 0x20) === 0x65) return this.#exponent(bytes, start, end);
    let last = end;
    while (bytes[last - 1] === 0x30) last--;
    const scale = last - point - 1;
    const integerDigits = bytes[digitsAt] === 0x30 ? 0 : point - digitsAt;
    // A decimal of up to 15 digits is the shortest one that gives its double.
    if (integerDigits + scale > 15) return this.#slow(bytes, start, end);
    let leading = 0;
    if (integerDigits === 0) while (leading < scale && bytes[point + 1 + leading] === 0x30) leading++;
    this.kind = KIND.FLOAT;
    this.value = packDigits(integerDigits, scale, integerDigits + scale - leading);
    return end;
  }

  #exponent(bytes: Uint8Array, start: number, at: number): number {
    let end = at + 1;
    if (bytes[end] === 0x2b || bytes[end] === 0x2d) end++;
    if (!isDigit(bytes[end]!)) return -1;
    while (isDigit(bytes[end]!)) end++;
    return this.#slow(bytes, start, end);
  }

  #slow(bytes: Uint8Array, start: number, end: number): number {
    const facts = classifyNumber(asBuffer(bytes).toString("latin1", start, end));
    if (facts.kind !== "float") return -1;
    this.kind = KIND.FLOAT;
    this.value = packDigits(facts.integerDigits, facts.scale, facts.significantDigits);
    return end;
  }
}

/** True when the 19 digits at `at` are within 64 bits. */
function fits(bytes: Uint8Array, at: number, end: number): boolean {
  const [high, low] = [decimal(bytes, at, end - 9), decimal(bytes, end - 9, end)];
  const most = bytes[at - 1] === 0x2d ? MAX_LOW + 1 : MAX_LOW;
  return high < MAX_HIGH || (high === MAX_HIGH && low <= most);
}

/** Up to 15 digits as a number. */
export function decimal(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + bytes[at]! - 0x30;
  return value;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
