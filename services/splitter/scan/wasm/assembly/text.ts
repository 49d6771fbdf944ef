// Strings: where they end, whether they are valid, and which are times. By RFC 8259 and RFC 3629.
import { byteAt } from "./memory";
import { DATE, STRING, TIMESTAMP, TIMESTAMPTZ } from "./layout";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DASH = 0x2d;

/** Bytes that the string last read has more as it is written than unescaped. */
export let surplus: i32 = 0;

/** Position of the first quote, backslash, control character or byte beyond ASCII at `p` or after. */
@inline
export function plainEnd(p: i32): i32 {
  while (true) {
    const v = v128.load(p);
    // As signed bytes those beyond ASCII are below zero.
    const special = v128.or(
      i8x16.lt_s(v, i8x16.splat(0x20)),
      v128.or(i8x16.eq(v, i8x16.splat(<i8>QUOTE)), i8x16.eq(v, i8x16.splat(<i8>BACKSLASH))),
    );
    const mask = i8x16.bitmask(special);
    if (mask != 0) return p + ctz(mask);
    p += 16;
  }
}

/**
 * Goes on at a special byte within a string, to its closing quote, and returns the quote's position; −1 when the string is invalid, or
 * holds what no warehouse takes (NUL, half a surrogate pair).
 */
export function finishString(at: i32): i32 {
  let more = 0;
  while (true) {
    const c = byteAt(at);
    if (c == QUOTE) break;
    if (c >= 0x80) {
      at = textEnd(at);
      if (at < 0) return -1;
      continue;
    } else if (c != BACKSLASH) return -1;
    else {
      const letter = byteAt(at, 1);
      if (letter != 0x75) {
        if (!isEscapeLetter(letter)) return -1;
        more++;
        at += 2;
      } else {
        const unit = hexUnit(at + 2);
        if (unit <= 0 || (unit >= 0xdc00 && unit < 0xe000)) return -1;
        if (unit < 0xd800 || unit >= 0xe000) {
          more += unit < 0x80 ? 5 : unit < 0x800 ? 4 : 3;
          at += 6;
        } else {
          if (load<u16>(at, 6) != 0x755c || hexUnit(at + 8) >> 10 != 0x37) return -1;
          more += 8;
          at += 12;
        }
      }
    }
    at = plainEnd(at);
  }
  surplus = more;
  return at;
}

@inline
function isEscapeLetter(c: i32): bool {
  return c == 0x6e || c == QUOTE || c == BACKSLASH || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x72 || c == 0x74;
}

/** The four hexadecimal digits at `at` as a number, −1 when they are not. */
function hexUnit(at: i32): i32 {
  let unit = 0;
  for (let i = 0; i < 4; i++) {
    const c = byteAt(at + i);
    let digit = c - 0x30;
    if (<u32>digit > 9) {
      digit = (c | 0x20) - 0x61;
      if (<u32>digit > 5) return -1;
      digit += 10;
    }
    unit = (unit << 4) | digit;
  }
  return unit;
}

/**
 * Position of the first quote, backslash or control character at `at` or after; −1 when what lies between is no well-formed UTF-8.
 * The byte before `at` must be ASCII, and those before it no beginning of a character.
 */
function textEnd(at: i32): i32 {
  while (true) {
    const v = v128.load(at);
    const special = v128.or(
      i8x16.lt_u(v, i8x16.splat(0x20)),
      v128.or(i8x16.eq(v, i8x16.splat(<i8>QUOTE)), i8x16.eq(v, i8x16.splat(<i8>BACKSLASH))),
    );
    const mask = i8x16.bitmask(special);
    const errors = i8x16.bitmask(i8x16.ne(utf8Errors(v, at), i8x16.splat(0)));
    // Errors count up to the special byte: a character that it cuts short is an error at that byte.
    if (mask != 0) return (errors & (mask ^ (mask - 1))) == 0 ? at + ctz(mask) : -1;
    if (errors != 0) return -1;
    at += 16;
  }
}

/**
 * What is wrong with the 16 bytes `v` at `at` as UTF-8, given the three before them: not zero where something is. Each pair of bytes is
 * looked up by three half bytes (Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", 2021).
 */
@inline
function utf8Errors(v: v128, at: i32): v128 {
  const before = v128.load(at - 1);
  const pairs = v128.and(
    v128.and(
      i8x16.swizzle(
        i8x16(2, 2, 2, 2, 2, 2, 2, 2, -128, -128, -128, -128, 0x21, 0x01, 0x15, 0x49),
        i8x16.shr_u(before, 4),
      ),
      i8x16.swizzle(
        i8x16(-25, -93, -125, -125, -117, -53, -53, -53, -53, -53, -53, -53, -53, -37, -53, -53),
        v128.and(before, i8x16.splat(0x0f)),
      ),
    ),
    i8x16.swizzle(
      i8x16(1, 1, 1, 1, 1, 1, 1, 1, -26, -82, -70, -70, 1, 1, 1, 1),
      i8x16.shr_u(v, 4),
    ),
  );
  // The third and fourth bytes of a character must be there, and only there may two bytes follow one another.
  const third = i8x16.sub_sat_u(v128.load(at - 2), i8x16.splat(0x60));
  const fourth = i8x16.sub_sat_u(v128.load(at - 3), i8x16.splat(0x70));
  return v128.xor(pairs, v128.and(v128.or(third, fourth), i8x16.splat(-128)));
}

/** The kind of a string of `length` plain ASCII bytes: classifyString of shared/shape on bytes. */
@inline
export function stringKind(at: i32, length: i32): i32 {
  if (length < 10 || length > 32 || byteAt(at, 4) != DASH || byteAt(at, 7) != DASH) return STRING;
  return timeKind(at, length);
}

function timeKind(at: i32, length: i32): i32 {
  const year = twoDigits(at) * 100 + twoDigits(at + 2);
  const month = twoDigits(at + 5);
  const day = twoDigits(at + 8);
  // Two bytes that are no digits give a number beyond 99, so that every comparison below fails for them.
  if (year == 0 || year > 9999 || day == 0 || month == 0 || month > 12) return STRING;
  if (day > 28 && day > daysInMonth(year, month)) return STRING;
  if (length == 10) return DATE;
  const separator = byteAt(at, 10);
  if (length < 19 || (separator != 0x54 && separator != 0x20)) return STRING;
  if (byteAt(at, 13) != 0x3a || byteAt(at, 16) != 0x3a) return STRING;
  if (twoDigits(at + 11) > 23 || twoDigits(at + 14) > 59 || twoDigits(at + 17) > 59) return STRING;
  return fractionAndZone(at + 19, at + length, year);
}

function fractionAndZone(at: i32, end: i32, year: i32): i32 {
  if (at < end && byteAt(at) == 0x2e) {
    const start = ++at;
    while (at < end && <u32>byteAt(at) - 0x30 <= 9) at++;
    if (at == start || at - start > 6) return STRING;
  }
  if (at == end) return TIMESTAMP;
  const sign = byteAt(at);
  if (sign == 0x5a) return at + 1 == end ? TIMESTAMPTZ : STRING;
  if ((sign != 0x2b && sign != DASH) || end - at != 6 || byteAt(at, 3) != 0x3a) return STRING;
  const hours = twoDigits(at + 1);
  const minutes = twoDigits(at + 4);
  if (hours > 15 || minutes > 59) return STRING;
  const edge = year == 1 || year == 9999;
  return edge && hours + minutes > 0 ? STRING : TIMESTAMPTZ;
}

/** 0–99, or a number over 9,999 when the two bytes are not both digits. */
@inline
function twoDigits(at: i32): i32 {
  const tens = byteAt(at) - 0x30;
  const ones = byteAt(at, 1) - 0x30;
  return <u32>tens > 9 || <u32>ones > 9 ? 100000 : tens * 10 + ones;
}

function daysInMonth(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
