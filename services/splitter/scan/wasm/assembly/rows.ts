// The rows of a block: noted while it is scanned, laid out by event type at its end.
import { cell, setCell } from "./memory";
import {
  FIRST_LINE, HEAD, HEAD_LENGTH, OUT_TOTAL, ROWS, ROW_BYTES, ROW_COUNT, TYPES_SEEN, TYPES_SEEN_COUNT, TYPE_BYTES, TYPE_LINES,
  TYPE_MEMBER, TYPE_MEMBER_LENGTH,
} from "./layout";

const NEWLINE = 0x0a;
const CLOSE = 0x7d;

/** Digits of the line numbers up to, not including, the line with this number. */
let digits: i32 = 1;
let power: i64 = 10;

@inline
function digitsOf(line: i64): i32 {
  while (line >= power) {
    power *= 10;
    digits++;
  }
  return digits;
}

/** To be called before the first row of a block. */
export function beginRows(): void {
  digits = 1;
  power = 10;
  setCell(ROW_COUNT, 0);
  setCell(OUT_TOTAL, 0);
  setCell(TYPES_SEEN_COUNT, 0);
}

/** Bytes of a part line without its newline. Indexes never go down within a block. An empty body has no comma before it. */
export function lineLength(type: i32, index: i32, body: i32): i32 {
  const member = load<i32>(TYPE_MEMBER_LENGTH + (type << 2));
  return cell(HEAD_LENGTH) + digitsOf(load<i64>(FIRST_LINE) + index) + member + body - i32(body == 1);
}

/** Adds the line with this index in the block; its body is the bytes from `start` to `end`. */
export function row(type: i32, index: i32, start: i32, end: i32): void {
  const count = cell(ROW_COUNT);
  setCell(ROW_COUNT, count + 1);
  const at = ROWS + count * ROW_BYTES;
  store<i32>(at, type, 0);
  store<i32>(at, index, 4);
  store<i32>(at, start, 8);
  store<i32>(at, end, 12);
  const bytes = lineLength(type, index, end - start) + 1;
  setCell(OUT_TOTAL, cell(OUT_TOTAL) + bytes);
  const column = type << 2;
  const lines = load<i32>(TYPE_LINES + column);
  if (lines == 0) {
    const seen = cell(TYPES_SEEN_COUNT);
    store<i32>(TYPES_SEEN + (seen << 2), type);
    setCell(TYPES_SEEN_COUNT, seen + 1);
  }
  store<i32>(TYPE_LINES + column, lines + 1);
  store<i32>(TYPE_BYTES + column, load<i32>(TYPE_BYTES + column) + bytes);
}

/** Writes all rows, each where TYPE_BYTES says that the next line of its event type goes. */
export function layOut(): void {
  digits = 1;
  power = 10;
  const first = load<i64>(FIRST_LINE);
  const headLength = cell(HEAD_LENGTH);
  const end = ROWS + cell(ROW_COUNT) * ROW_BYTES;
  for (let at = ROWS; at < end; at += ROW_BYTES) {
    const column = load<i32>(at) << 2;
    const line = first + load<i32>(at, 4);
    const start = load<i32>(at, 8);
    const length = load<i32>(at, 12) - start;
    const size = digitsOf(line);
    let to = load<i32>(TYPE_BYTES + column);
    // What a copy writes too far is written over by the next one; only the last must end where it should.
    copyRoughly(to, HEAD, headLength);
    to += headLength + size;
    writeDecimal(to, line);
    const member = load<i32>(TYPE_MEMBER_LENGTH + column);
    copyMember(to, load<i32>(TYPE_MEMBER + column), member, length);
    to += member;
    // An empty body is the closing bracket alone: it takes the comma's place.
    if (length == 1) store<u8>(to - 1, CLOSE);
    else {
      copy(to, start, length);
      to += length;
    }
    store<u8>(to, NEWLINE);
    store<i32>(TYPE_BYTES + column, to + 1);
  }
}

/** The member may be followed by next to nothing, so it is copied to the byte when the body is short. */
@inline
function copyMember(to: i32, from: i32, length: i32, body: i32): void {
  if (body < 16) memory.copy(to, from, length);
  else copyRoughly(to, from, length);
}

/** Copies `length` bytes and up to 15 more. */
@inline
export function copyRoughly(to: i32, from: i32, length: i32): void {
  const end = to + length;
  do {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  } while (to < end);
}

/** Copies to the byte. */
@inline
function copy(to: i32, from: i32, length: i32): void {
  if (length < 16 || length > 512) {
    memory.copy(to, from, length);
    return;
  }
  const last = v128.load(from + length - 16);
  const end = to + length - 16;
  while (to < end) {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  }
  v128.store(end, last);
}

/** Writes the digits of a positive number so that they end at `end`. */
@inline
function writeDecimal(end: i32, value: i64): void {
  let high: i64 = value;
  while (high > 0x7fffffff) {
    const next = high / 10;
    store<u8>(--end, 0x30 + <i32>(high - next * 10));
    high = next;
  }
  for (let rest = <u32>high; rest > 0; ) {
    const next = rest / 10;
    store<u8>(--end, 0x30 + rest - next * 10);
    rest = next;
  }
}
