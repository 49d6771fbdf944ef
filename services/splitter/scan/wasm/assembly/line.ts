// The inner loop: one pass over a record's bytes that checks it as strict JSON in strict UTF-8, finds its event type, and notes the path,
// kind and limits of each value. It is one long function on purpose: positions and states stay in registers. What it cannot judge in passing
// it calls odd and leaves to the slow path; it never accepts what the slow path would refuse or rewrite.
import { byteAt, cell, setCell } from "./memory";
import { hostElementsOf, hostForgetMembers, hostNumber, hostRenumber, hostRoot, hostStringKind } from "./host";
import { lookUp } from "./keys";
import {
  ARRAY, BODY_END, BODY_START, BOOLEAN, CONSTANT_TYPE, FIRST_ROOT, FLAG_BITS, FLOAT, FRAMES, FRAME_BYTES, FRAME_IS_ARRAY, FRAME_LINK,
  FRAME_MEMBERS, FRAME_NODE, FRAME_OBJECT, HOME, INTEGER, KEY_END, LENGTH, MAX_DEPTH, MAX_STRING_BYTES, MAX_TAPE, MEMBERS_USED,
  NEXT_RECORD, NODES, NODE_BYTES_FLAGS, NODE_COUNTS, NODE_ELEMENTS, NODE_FIRST, NODE_KEY_TEXT, NODE_NEXT, NODE_SHIFT, NODE_STAMP, NULL,
  OBJECT, OBJECT_NUMBER, PACKED_DIGITS, RANK, SILENT, STRING, TAPE, TYPE, TYPE_ROOT, VALUES,
} from "./layout";
import { finishString, plainEnd, stringKind, surplus } from "./text";
import { candidate } from "./types";

/** What a record is. */
export const IS_OBJECT = 0;
export const IS_BLANK = 1;
export const IS_ODD = 2;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MINUS = 0x2d;
/** The record of the node that is none. */
const NONE = NODES;
const FLAGS_MASK = (1 << FLAG_BITS) - 1;
/** A line that goes on with numbers beyond this begins with objects numbered anew. */
const MAX_OBJECT = 1 << 30;

/** True when there are CR or LF between the object's tokens. */
export let hasNewlines: bool = false;

/**
 * Scans one record that begins at `at`: a text line up to the next newline, which must be there (`recordEnd` −1), or a framed one up to
 * `recordEnd`, in which newlines are white space. PADDING bytes of no text must follow the block.
 */
export function scanLine(at: i32, recordEnd: i32): i32 {
  let p = byteAt(at) == OPEN_OBJECT ? at : white(at, recordEnd);
  if (byteAt(p) != OPEN_OBJECT) {
    setCell(NEXT_RECORD, p + 1);
    const isBlank = recordEnd < 0 ? byteAt(p) == NEWLINE : p >= recordEnd;
    return isBlank ? IS_BLANK : IS_ODD;
  }
  hasNewlines = false;
  let bodyStart = p + 1;

  const limit = recordEnd < 0 ? 0x7fffffff : recordEnd;
  let node = begin();
  let tape = TAPE + 4;
  let depth = 1;
  let isArray = false;
  // Where the guess at the next member stands: at the member before, or at the object itself.
  let link = node + NODE_FIRST;
  let members = 0;
  let objects = cell(OBJECT_NUMBER) + 1;
  let object = objects;
  store<i32>(TAPE, counterOf(node, OBJECT));

  p++;
  if (byteAt(p) <= SPACE) p = white(p, recordEnd);
  let closing = byteAt(p) == CLOSE_OBJECT;
  if (closing) bodyStart = p;
  let isOdd = true;

  // Each round is one member or element, or one closing bracket.
  while (true) {
    if (!closing) {
      let n = NONE;
      let flags = SILENT;
      if (!isArray) {
        if (byteAt(p) <= SPACE) p = white(p, recordEnd);
        members++;
        // The key that came next the last time, then the one after it: members that come and go.
        n = load<i32>(link);
        let both = load<i32>(n, NODE_BYTES_FLAGS);
        if (n != NONE && !isKey(p, load<i32>(n, NODE_KEY_TEXT), both >> FLAG_BITS)) {
          n = load<i32>(n, NODE_NEXT);
          both = load<i32>(n, NODE_BYTES_FLAGS);
          if (n != NONE && !isKey(p, load<i32>(n, NODE_KEY_TEXT), both >> FLAG_BITS)) n = NONE;
        }
        if (n != NONE) {
          if (load<i32>(n, NODE_STAMP) == object) break;
          store<i32>(n, object, NODE_STAMP);
          link = n + NODE_NEXT;
          p += both >> FLAG_BITS;
          flags = both & FLAGS_MASK;
        } else {
          if (byteAt(p) != QUOTE) break;
          setCell(LENGTH, (tape - TAPE) >> 2);
          n = lookUp(p + 1, node, link, object, members, depth);
          if (n < 0) break;
          tape = TAPE + (cell(LENGTH) << 2);
          p = cell(KEY_END) + 1;
          if (n != NONE) link = n + NODE_NEXT;
          flags = load<i32>(n, NODE_BYTES_FLAGS) & FLAGS_MASK;
          if (byteAt(p) != COLON) p = white(p, recordEnd);
          if (byteAt(p++) != COLON) break;
        }
        if (tape >= TAPE + ((MAX_TAPE - 4) << 2)) break;
      }

      let c = byteAt(p);
      if (c <= SPACE) {
        p = white(p, recordEnd);
        c = byteAt(p);
      }
      if (c == QUOTE) {
        const start = ++p;
        p = plainEnd(p);
        let size = p - start;
        let kind = STRING;
        if (byteAt(p) == QUOTE) kind = stringKind(start, size);
        else {
          p = finishString(p);
          if (p < 0) break;
          const written = p - start;
          size = written - surplus;
          if (size < written && size >= 10 && size <= 32) kind = escapedKind(start, p, size);
        }
        if (size > MAX_STRING_BYTES) break;
        p++;
        if ((flags & SILENT) == 0) {
          store<i32>(tape, counterOf(n, kind));
          store<i32>(valueOf(tape), size);
          tape += 4;
          if (flags != 0) {
            setCell(LENGTH, (tape - TAPE) >> 2);
            const frame = FRAMES + depth * FRAME_BYTES;
            store<i32>(frame, node, FRAME_NODE);
            store<i32>(frame, link, FRAME_LINK);
            if (candidate(n, start, p - 1, size, depth)) {
              node = load<i32>(frame, FRAME_NODE);
              link = load<i32>(frame, FRAME_LINK);
            }
          }
        }
      } else if (c == OPEN_OBJECT || c == OPEN_ARRAY) {
        if (depth == MAX_DEPTH || p >= limit) break;
        const opensArray = c == OPEN_ARRAY;
        if (isArray) n = elementsOf(node);
        if ((flags & SILENT) == 0) {
          store<i32>(tape, counterOf(n, opensArray ? ARRAY : OBJECT));
          tape += 4;
        }
        const frame = FRAMES + depth * FRAME_BYTES;
        depth++;
        store<i32>(frame, node, FRAME_NODE);
        store<i32>(frame, link, FRAME_LINK);
        store<i32>(frame, object, FRAME_OBJECT);
        store<i32>(frame, members, FRAME_MEMBERS);
        store<i32>(frame, i32(isArray), FRAME_IS_ARRAY);
        node = n;
        link = n + NODE_FIRST;
        members = 0;
        isArray = opensArray;
        if (!opensArray) object = ++objects;
        p++;
        if (byteAt(p) <= SPACE) p = white(p, recordEnd);
        closing = byteAt(p) == (opensArray ? CLOSE_ARRAY : CLOSE_OBJECT);
        continue;
      } else if (c == 0x74 || c == 0x66 || c == 0x6e) {
        p = literalEnd(p, c);
        if (p < 0) break;
        if ((flags & SILENT) == 0) {
          store<i32>(tape, counterOf(n, c == 0x6e ? NULL : BOOLEAN));
          tape += 4;
        }
      } else {
        const start = p;
        if (c == MINUS) c = byteAt(++p);
        const first = c - 0x30;
        if (<u32>first > 9) break;
        const digitsAt = p;
        let value: i64 = first;
        let digit = byteAt(++p) - 0x30;
        if (first == 0) {
          if (<u32>digit <= 9) break;
        } else {
          while (<u32>digit <= 9) {
            value = value * 10 + digit;
            digit = byteAt(++p) - 0x30;
          }
        }
        let kind = INTEGER;
        // A point is −2, an e 0x35 or 0x15.
        if (digit == -2 || (digit | 0x20) == 0x35 || (p - digitsAt > 18 && !fits(value, p - digitsAt, start < digitsAt))) {
          kind = FLOAT;
          p = digit == -2 ? fractionEnd(start, digitsAt, p) : hostNumber(start);
          if (p < 0) break;
          value = cell(PACKED_DIGITS);
        } else if (start < digitsAt) value = -value;
        if ((flags & SILENT) == 0) {
          store<i32>(tape, counterOf(n, kind));
          store<i64>(valueOf(tape), value);
          tape += 4;
          if (flags != 0 && kind == INTEGER) {
            setCell(LENGTH, (tape - TAPE) >> 2);
            const frame = FRAMES + depth * FRAME_BYTES;
            store<i32>(frame, node, FRAME_NODE);
            store<i32>(frame, link, FRAME_LINK);
            if (candidate(n, start, p, p - start, depth)) {
              node = load<i32>(frame, FRAME_NODE);
              link = load<i32>(frame, FRAME_LINK);
            }
          }
        }
      }
    } else {
      if (byteAt(p) != (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) break;
      p++;
      if (--depth == 0) {
        isOdd = false;
        break;
      }
      const frame = FRAMES + depth * FRAME_BYTES;
      node = load<i32>(frame, FRAME_NODE);
      link = load<i32>(frame, FRAME_LINK);
      object = load<i32>(frame, FRAME_OBJECT);
      members = load<i32>(frame, FRAME_MEMBERS);
      isArray = load<i32>(frame, FRAME_IS_ARRAY) != 0;
    }

    // After a value.
    let after = byteAt(p);
    if (after <= SPACE) {
      p = white(p, recordEnd);
      after = byteAt(p);
    }
    closing = after != COMMA;
    p += i32(!closing);
  }
  setCell(OBJECT_NUMBER, objects);
  if (isOdd) return IS_ODD;
  setCell(LENGTH, (tape - TAPE) >> 2);
  setCell(BODY_START, bodyStart);
  setCell(BODY_END, p);
  return end(p, recordEnd);
}

/** Begins a line; returns the root node. */
@inline
function begin(): i32 {
  if (cell(MEMBERS_USED) != 0) hostForgetMembers();
  if (cell(OBJECT_NUMBER) > MAX_OBJECT) hostRenumber();
  const type = cell(CONSTANT_TYPE);
  setCell(RANK, 0xffff);
  setCell(TYPE, type);
  setCell(HOME, type);
  if (type < 0) return NODES + (FIRST_ROOT << NODE_SHIFT);
  const root = load<i32>(TYPE_ROOT + (type << 2));
  return root == 0 ? hostRoot(type) : root;
}

/** Decides on what stands after the object. */
@inline
function end(at: i32, recordEnd: i32): i32 {
  const before = hasNewlines;
  const end = byteAt(at) == NEWLINE ? at : white(at, recordEnd);
  setCell(NEXT_RECORD, end + 1);
  let isOdd: bool;
  if (recordEnd < 0) isOdd = byteAt(end) != NEWLINE;
  else isOdd = at > recordEnd || white(at, recordEnd) < recordEnd;
  hasNewlines = before;
  return isOdd ? IS_ODD : IS_OBJECT;
}

/** Position of the first byte at `at` or after that is no white space; a newline at `recordEnd` or later is none. */
function white(at: i32, recordEnd: i32): i32 {
  while (true) {
    const c = byteAt(at);
    if (c == NEWLINE ? at >= recordEnd : c != SPACE && c != 0x09 && c != RETURN) return at;
    if (c == NEWLINE || c == RETURN) hasNewlines = true;
    at++;
  }
}

/** True when the `length` bytes at `p` are the key that stands at `key`. Up to 15 bytes after them are read. */
@inline
function isKey(p: i32, key: i32, length: i32): bool {
  const differ = i8x16.bitmask(i8x16.ne(v128.load(p), v128.load(key)));
  if (length <= 16) return (differ & ((1 << length) - 1)) == 0;
  return differ == 0 && isLongKey(p + 16, key + 16, length - 16);
}

function isLongKey(p: i32, key: i32, length: i32): bool {
  for (; length > 16; length -= 16) {
    if (i8x16.bitmask(i8x16.ne(v128.load(p), v128.load(key))) != 0) return false;
    p += 16;
    key += 16;
  }
  return (i8x16.bitmask(i8x16.ne(v128.load(p), v128.load(key))) & ((1 << length) - 1)) == 0;
}

/** Where the value that belongs to a place on the tape stands. */
@inline
function valueOf(tape: i32): i32 {
  return VALUES + ((tape - TAPE) << 1);
}

/** The counter of a node for a kind of value. */
@inline
function counterOf(node: i32, kind: i32): i32 {
  return node + NODE_COUNTS + (kind << 2);
}

@inline
function elementsOf(node: i32): i32 {
  if (node == NONE) return NONE;
  const known = load<i32>(node, NODE_ELEMENTS);
  return known != 0 ? known : hostElementsOf(node);
}

/** Position after `true`, `false` or `null` at `p`, which begins with `first`; −1 when it is none of them. */
@inline
function literalEnd(p: i32, first: i32): i32 {
  if (first == 0x66) return load<u32>(p, 1) == 0x65736c61 ? p + 5 : -1;
  return load<u32>(p) == (first == 0x74 ? 0x65757274 : 0x6c6c756e) ? p + 4 : -1;
}

/** True when an integer of 19 digits is within 64 bits, its value taken without its sign; more digits never are. */
function fits(value: i64, digits: i32, isNegative: bool): bool {
  return digits == 19 && <u64>value <= (isNegative ? 0x8000000000000000 : 0x7fffffffffffffff);
}

/** The end of the number whose point is at `point`; its digits are in PACKED_DIGITS. −1 when it is invalid or not exact. */
@inline
function fractionEnd(start: i32, digitsAt: i32, point: i32): i32 {
  let end = point + 1;
  while (<u32>byteAt(end) - 0x30 <= 9) end++;
  if (end == point + 1) return -1;
  if ((byteAt(end) | 0x20) == 0x65) return hostNumber(start);
  let last = end;
  while (byteAt(last - 1) == 0x30) last--;
  const scale = last - point - 1;
  const integerDigits = byteAt(digitsAt) == 0x30 ? 0 : point - digitsAt;
  // A decimal of up to 15 digits is the shortest one that gives its double.
  if (integerDigits + scale > 15) return hostNumber(start);
  let leading = 0;
  if (integerDigits == 0) while (leading < scale && byteAt(point + 1 + leading) == 0x30) leading++;
  setCell(PACKED_DIGITS, (integerDigits << 20) | (scale << 10) | (integerDigits + scale - leading));
  return end;
}

/** The kind of a string with escapes; a time begins with a digit, which may be escaped. */
function escapedKind(start: i32, end: i32, size: i32): i32 {
  const first = byteAt(start);
  return first == 0x5c || <u32>first - 0x30 <= 9 ? hostStringKind(start, end, size) : STRING;
}
