// Counts the values of a line that has become a row: counters and limits beside the nodes of the path tree.
import { cell, setCell } from "./memory";
import { hostFirst, hostPrepare } from "./host";
import {
  FLOAT,
  INTEGER,
  KIND_SHIFT,
  LENGTH,
  NODES,
  NODES_READY,
  NODE_COUNTS,
  NODE_DIGITS,
  NODE_GREATEST,
  NODE_LEAST,
  NODE_LONGEST,
  NODE_WHOLE,
  ROWS_COUNTED,
  STRING,
  TAPE,
  VALUES,
  WHOLE,
} from "./layout";

export function count(): void {
  if (cell(NODES_READY) < cell(NODES)) hostPrepare();
  const end = TAPE + (cell(LENGTH) << 2);
  let value = VALUES;
  for (let at = TAPE; at < end; at += 4) {
    const entry = load<i32>(at);
    const counter = NODE_COUNTS + (entry << 2);
    const known = load<u32>(counter);
    store<u32>(counter, known + 1);
    const node = entry >> KIND_SHIFT;
    if (known == 0) hostFirst(node);
    const kind = entry & ((1 << KIND_SHIFT) - 1);
    if (kind == STRING) {
      const longest = NODE_LONGEST + (node << 2);
      const bytes = load<i32>(value);
      if (bytes > load<i32>(longest)) store<i32>(longest, bytes);
    } else if (kind == INTEGER) {
      const integer = load<i64>(value);
      const least = NODE_LEAST + (node << 3);
      if (integer < load<i64>(least)) store<i64>(least, integer);
      const greatest = NODE_GREATEST + (node << 3);
      if (integer > load<i64>(greatest)) store<i64>(greatest, integer);
    } else if (kind == FLOAT) {
      const digits = NODE_DIGITS + (node << 2);
      const packed = load<i32>(value);
      const most = load<i32>(digits);
      if (packed != most) store<i32>(digits, larger(packed, most));
    } else if (kind == WHOLE) store<u8>(NODE_WHOLE + node, 1);
    value += 8;
  }
  setCell(ROWS_COUNTED, cell(ROWS_COUNTED) + 1);
}

/** The larger of each of the three numbers that packDigits puts into one. */
function larger(a: i32, b: i32): i32 {
  return (
    (max(a >> 20, b >> 20) << 20) | (max((a >> 10) & 1023, (b >> 10) & 1023) << 10) | max(a & 1023, b & 1023)
  );
}
