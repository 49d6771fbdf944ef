// Counts the values of a line that has become a row: counters and limits in the records of its nodes.
import { hostFirst } from "./host";
import {
  FLOAT, INTEGER, LENGTH, NODE_COUNTS, NODE_DIGITS, NODE_GREATEST, NODE_LEAST, NODE_LONGEST, NODE_SHIFT, NODE_WHOLE, NODES, ROWS_COUNTED,
  STRING, TAPE, VALUES, WHOLE,
} from "./layout";
import { cell, setCell } from "./memory";

const IN_RECORD = (1 << NODE_SHIFT) - 1;
const COUNT_STRING = NODE_COUNTS + STRING * 4;
const COUNT_INTEGER = NODE_COUNTS + INTEGER * 4;
const COUNT_FLOAT = NODE_COUNTS + FLOAT * 4;
const COUNT_WHOLE = NODE_COUNTS + WHOLE * 4;

export function count(): void {
  const end = TAPE + (cell(LENGTH) << 2);
  let value = VALUES;
  for (let at = TAPE; at < end; at += 4) {
    const counter = load<i32>(at);
    const known = load<u32>(counter);
    store<u32>(counter, known + 1);
    const node = counter & ~IN_RECORD;
    if (known == 0) hostFirst(node);
    const kind = counter & IN_RECORD;
    if (kind == COUNT_STRING) {
      const bytes = load<i32>(value);
      if (bytes > load<i32>(node, NODE_LONGEST)) store<i32>(node, bytes, NODE_LONGEST);
    } else if (kind == COUNT_INTEGER) {
      const integer = load<i64>(value);
      if (integer < load<i64>(node, NODE_LEAST)) store<i64>(node, integer, NODE_LEAST);
      if (integer > load<i64>(node, NODE_GREATEST)) store<i64>(node, integer, NODE_GREATEST);
    } else if (kind == COUNT_FLOAT) {
      const packed = load<i32>(value);
      const most = load<i32>(node, NODE_DIGITS);
      if (packed != most) store<i32>(node, larger(packed, most), NODE_DIGITS);
    } else if (kind == COUNT_WHOLE) store<u8>(node, 1, NODE_WHOLE);
    value += 8;
  }
  setCell(ROWS_COUNTED, cell(ROWS_COUNTED) + 1);
}

/** Forgets what was counted at the first `nodes` nodes: all that stands between the first and the last of the limits (layout.ts). */
export function forget(nodes: i32): void {
  const end = NODES + (nodes << NODE_SHIFT);
  for (let node = NODES; node < end; node += 1 << NODE_SHIFT) {
    store<i32>(node, -1, NODE_LONGEST);
    store<i64>(node, 0, NODE_DIGITS);
    for (let at = node + NODE_COUNTS; at < node + NODE_LEAST; at += 16) v128.store(at, i8x16.splat(0));
    store<i64>(node, i64.MAX_VALUE, NODE_LEAST);
    store<i64>(node, i64.MIN_VALUE, NODE_GREATEST);
  }
}

/** The larger of each of the three numbers that packDigits puts into one. */
function larger(a: i32, b: i32): i32 {
  return (
    (max(a >> 20, b >> 20) << 20) |
    (max((a >> 10) & 1023, (b >> 10) & 1023) << 10) |
    max(a & 1023, b & 1023)
  );
}
