// The JSON texts of shapes, straight from the records of the nodes: what `shapeToJson` would give, at OUT, where no rows are laid out any more.
import { hostKeyText } from "./host";
import {
  END, FLAG_BITS, FLOAT, INTEGER, NODE_BYTES_FLAGS, NODE_COUNTS, NODE_DIGITS, NODE_GREATEST, NODE_KEY_TEXT, NODE_LEAST, NODE_LONGEST,
  NODE_SEEN, NODE_TEXT_FIRST, NODE_TEXT_NEXT, NODE_WHOLE, SHAPE_WORDS, STRING, WHOLE, WORD_LENGTH, WORD_SHIFT, W_BYTES, W_EVENT_TYPE,
  W_INTEGER_DIGITS, W_INTEGER_END, W_KEYS, W_LINES, W_MAX, W_MIN, W_SCALE, W_SHAPE, W_SIGNIFICANT_DIGITS, W_WHOLE,
} from "./layout";
import { byteAt } from "./memory";
import { copyRoughly } from "./rows";

const MINUS = 0x2d;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const OPEN = 0x7b;
/** A node's text without its members takes less, its key included; no text begins beyond. */
const MOST_BYTES = 2048;
const LAST = END - MOST_BYTES;

/**
 * Writes `{"event_type":NAME,"lines":LINES,"shape":SHAPE}` from `to` on, the name being JSON text in memory already. Returns the address after it,
 * 0 when there is no room.
 */
export function typeText(root: i32, name: i32, nameLength: i32, lines: i32, to: i32): i32 {
  if (to > LAST - nameLength) return 0;
  to = word(W_EVENT_TYPE, to);
  copyRoughly(to, name, nameLength);
  to = decimal(lines, word(W_LINES, to + nameLength));
  to = shapeText(root, word(W_SHAPE, to));
  if (to == 0) return 0;
  store<u8>(to, CLOSE);
  return to + 1;
}

/** Writes the shape of the node at `node` from `to` on. Returns the address after it, 0 when there is no room. */
export function shapeText(node: i32, to: i32): i32 {
  if (to > LAST) return 0;
  const start = to;
  for (let kind = 0; kind < WHOLE; kind++) {
    const count = load<u32>(node + (kind << 2), NODE_COUNTS);
    if (count == 0) continue;
    to = decimal(count, word(kind, to));
    if (kind == INTEGER) to = integerLimits(node, to);
    else if (kind == FLOAT) to = floatLimits(node, to);
    else if (kind == STRING) to = end(decimal(load<i32>(node, NODE_LONGEST), word(W_BYTES, to)));
  }
  if (load<u8>(node, NODE_WHOLE) != 0) to = word(W_WHOLE, to);
  else {
    to = members(node, to);
    if (to == 0) return 0;
  }
  // Every member begins with a comma.
  if (to == start) to++;
  store<u8>(start, OPEN);
  return end(to);
}

function members(node: i32, to: i32): i32 {
  const start = to;
  let link = load<i32>(node, NODE_TEXT_FIRST);
  while (link != 0) {
    const member = link & ~1;
    if (load<u8>(member, NODE_SEEN) != 0) {
      if (to > LAST) return 0;
      if (to == start) to = word(W_KEYS, to);
      else store<u8>(to++, COMMA);
      to = shapeText(member, key(member, link, to));
      if (to == 0) return 0;
    }
    link = load<i32>(member, NODE_TEXT_NEXT);
  }
  return to == start ? to : end(to);
}

@inline
function key(member: i32, link: i32, to: i32): i32 {
  if ((link & 1) != 0) return to + hostKeyText(member, to);
  const length = load<i32>(member, NODE_BYTES_FLAGS) >> FLAG_BITS;
  copyRoughly(to, load<i32>(member, NODE_KEY_TEXT), length);
  return to + length;
}

function integerLimits(node: i32, to: i32): i32 {
  to = signed(load<i64>(node, NODE_LEAST), word(W_MIN, to));
  to = signed(load<i64>(node, NODE_GREATEST), word(W_MAX, to));
  return word(W_INTEGER_END, to);
}

function floatLimits(node: i32, to: i32): i32 {
  const digits = load<i32>(node, NODE_DIGITS);
  to = decimal(digits >> 20, word(W_INTEGER_DIGITS, to));
  to = decimal((digits >> 10) & 1023, word(W_SCALE, to));
  return end(decimal(digits & 1023, word(W_SIGNIFICANT_DIGITS, to)));
}

@inline
function end(to: i32): i32 {
  store<u8>(to, CLOSE);
  return to + 1;
}

@inline
function word(n: i32, to: i32): i32 {
  const at = SHAPE_WORDS + (n << WORD_SHIFT);
  v128.store(to, v128.load(at));
  v128.store(to, v128.load(at, 16), 16);
  return to + byteAt(at, WORD_LENGTH);
}

@inline
function decimal(value: u32, to: i32): i32 {
  if (value < 10) {
    store<u8>(to, 0x30 + value);
    return to + 1;
  }
  return digits(value, to);
}

function signed(value: i64, to: i32): i32 {
  if (value < 0) store<u8>(to++, MINUS);
  // Of the least integer as well: without its sign it is the same bits.
  return digits(value < 0 ? 0 - value : value, to);
}

function digits(value: u64, to: i32): i32 {
  let length = 1;
  for (let rest: u64 = value; rest >= 10; rest /= 10) length++;
  let at = to + length;
  do {
    const next: u64 = value / 10;
    store<u8>(--at, 0x30 + <i32>(value - next * 10));
    value = next;
  } while (at > to);
  return to + length;
}
