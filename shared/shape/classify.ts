// What kind of value a JSON string or number is: the one place where timestamps, dates and exact numbers are defined
// (DESIGN.md 3 and 4). The byte scanner has inlined versions of these rules; a property test holds them equal.
import { MAX_KEY_BYTES } from "../contracts/words.ts";

export type StringKind = "string" | "timestamptz" | "timestamp" | "date";

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?(?:(Z)|[+-](\d\d):(\d\d))?)?$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days of a month of the proleptic Gregorian calendar, 0 when there is no such month. */
export function daysInMonth(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
}

/**
 * The kind of a string, unescaped. Times are `YYYY-MM-DD[T ]hh:mm:ss[.1–6 digits][Z|±hh:mm]`, dates `YYYY-MM-DD`, of days that
 * exist, in years 0001–9999, hours 00–23, seconds 00–59, offsets up to 15:59. In the first and the last year only Z and ±00:00
 * are a zone, so that the instant in UTC stays within the years.
 */
export function classifyString(value: string): StringKind {
  const match = value.length >= 10 && value.length <= 32 ? TIME.exec(value) : null;
  if (!match) return "string";
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year === 0 || day === 0 || day > daysInMonth(year, month)) return "string";
  if (match[4] === undefined) return "date";
  if (Number(match[4]) > 23 || Number(match[5]) > 59 || Number(match[6]) > 59) return "string";
  if (match[7] !== undefined) return "timestamptz";
  if (match[8] === undefined) return "timestamp";
  const [hours, minutes] = [Number(match[8]), Number(match[9])];
  if (hours > 15 || minutes > 59) return "string";
  if ((year === 1 || year === 9999) && hours + minutes > 0) return "string";
  return "timestamptz";
}

/** What a number's text says about the column that can hold it. */
export type NumberFacts =
  | { readonly kind: "integer"; readonly value: bigint }
  | {
      readonly kind: "float";
      readonly integerDigits: number;
      readonly scale: number;
      readonly significantDigits: number;
    }
  | { readonly kind: "inexact" };

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * Classifies the text of a valid JSON number. `integer`: `-?digits` from −2^63 to 2^63−1. `float`: any other exact number, that is,
 * one that equals, as a decimal, the shortest decimal that round-trips its nearest double. The digits of a float are those of the plain decimal without
 * leading zeros and without trailing zeros after the point: 19.90 has 2, 1 and 3; 100.0 has 3, 0 and 3; 0.05 has 0, 2 and 1.
 */
export function classifyNumber(text: string): NumberFacts {
  if (text.length <= 20 && /^-?\d+$/.test(text)) {
    const value = BigInt(text);
    if (value >= INT64_MIN && value <= INT64_MAX) return { kind: "integer", value };
  }
  const double = Number(text);
  if (!Number.isFinite(double)) return { kind: "inexact" };
  const written = toDecimal(text);
  const nearest = toDecimal(String(double));
  if (written.digits !== nearest.digits || written.exponent !== nearest.exponent) return { kind: "inexact" };
  return { kind: "float", ...plainDigits(written) };
}

interface Decimal {
  /** Without leading and trailing zeros; empty for zero. */
  readonly digits: string;
  /** Of the last digit: the value is digits × 10^exponent. 0 for zero. */
  readonly exponent: number;
}

function toDecimal(text: string): Decimal {
  const split = text.search(/[eE]/);
  const mantissa = split < 0 ? text : text.slice(0, split);
  const point = mantissa.indexOf(".");
  const scale = point < 0 ? 0 : mantissa.length - point - 1;
  const all = mantissa.replace(/^-/, "").replace(".", "");
  let [start, end] = [0, all.length];
  while (start < end && all[start] === "0") start++;
  while (end > start && all[end - 1] === "0") end--;
  if (start === end) return { digits: "", exponent: 0 };
  const power = split < 0 ? 0 : Number(text.slice(split + 1));
  return { digits: all.slice(start, end), exponent: power - scale + (all.length - end) };
}

function plainDigits({ digits, exponent }: Decimal): {
  integerDigits: number;
  scale: number;
  significantDigits: number;
} {
  return {
    integerDigits: Math.max(0, digits.length + exponent),
    scale: Math.max(0, -exponent),
    significantDigits: digits.length + Math.max(0, exponent),
  };
}

/** True when the text can be stored by every warehouse: no NUL, no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** True when a key can be an address: not empty, at most 127 bytes, no NUL, no half of a surrogate pair. */
export function isAddressable(key: string): boolean {
  return key.length > 0 && isStorable(key) && Buffer.byteLength(key) <= MAX_KEY_BYTES;
}
