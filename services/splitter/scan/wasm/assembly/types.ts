// The event type of a line, and the move of what was met so far into its tree.
import { byteAt, cell, setCell } from "./memory";
import { hostEscapedCandidate, hostMoveIn, hostTypeOf } from "./host";
import { equal, finishHash } from "./keys";
import {
  FRAMES, FRAME_BYTES, FRAME_LINK, FRAME_NODE, HOME, HOT, HOT_NEXT, HOT_SHIFT, HOT_STAMP, KIND_SHIFT, LENGTH, MAX_EVENT_TYPE_BYTES,
  NODE_TYPE_RANK, NO_NODE, PREFIX_SHIFT, RANK, RECENT, RECENT_SLOTS, TAPE, TYPE, TYPE_NAME, TYPE_NAME_LENGTH, TYPE_PREFIX_FROM,
  TYPE_PREFIX_TO, TYPE_ROOT,
} from "./layout";

/** LineContext.candidate. Node and place of the guess of the innermost container are in its frame, before and after. */
export function candidate(node: i32, start: i32, end: i32, size: i32, depth: i32): bool {
  const rank = <i32>load<u16>(NODE_TYPE_RANK + (node << 1));
  if (rank >= cell(RANK) || size > MAX_EVENT_TYPE_BYTES || end == start) return false;
  if (size < end - start) return hostEscapedCandidate(node, start, end, depth) != 0;
  const type = typeOf(start, end);
  setCell(TYPE, type);
  setCell(RANK, rank);
  if (cell(HOME) >= 0) return false;
  return moveIn(type, depth) || hostMoveIn(type, depth) != 0;
}

/** Length, and the bytes where names differ most, choose the slot: their ends and the middle. */
function typeOf(start: i32, end: i32): i32 {
  const size = end - start;
  const first = (byteAt(start) << 8) | byteAt(start + (size >> 2));
  const middle = (byteAt(start + (size >> 1)) << 8) | byteAt(start + size - (size >> 2) - 1);
  const last = (byteAt(end - 1) << 8) | byteAt(start + (size > 1 ? size - 2 : 0));
  const hash = ((((first << 16) | middle) * 0x9e3779b1) ^ ((last << 8) | size)) * 0x85ebca6b;
  const slot = RECENT + ((finishHash(hash) & (RECENT_SLOTS - 1)) << 2);
  const recent = load<i32>(slot) - 1;
  if (recent >= 0) {
    const at = recent << 2;
    if (load<i32>(TYPE_NAME_LENGTH + at) == size && equal(load<i32>(TYPE_NAME + at), start, size)) return recent;
  }
  const type = hostTypeOf(start, end);
  store<i32>(slot, type + 1);
  return type;
}

/** The common case: at the top level, with the same few values before it as the last time. */
@inline
function moveIn(type: i32, depth: i32): bool {
  const length = cell(LENGTH);
  const root = load<i32>(TYPE_ROOT + (type << 2));
  if (root == NO_NODE || depth != 1 || length > 1 << PREFIX_SHIFT) return false;
  const from = TYPE_PREFIX_FROM + (type << (PREFIX_SHIFT + 2));
  const to = TYPE_PREFIX_TO + (type << (PREFIX_SHIFT + 2));
  for (let i = 0; i < length; i++) {
    if (load<i32>(from + (i << 2)) != load<i32>(TAPE + (i << 2)) >> KIND_SHIFT) return false;
  }
  let last = root;
  for (let i = 0; i < length; i++) {
    const entry = load<i32>(TAPE + (i << 2));
    last = load<i32>(to + (i << 2));
    store<i32>(HOT + (last << HOT_SHIFT), load<i32>(HOT + ((entry >> KIND_SHIFT) << HOT_SHIFT), HOT_STAMP), HOT_STAMP);
    store<i32>(TAPE + (i << 2), (last << KIND_SHIFT) | (entry & ((1 << KIND_SHIFT) - 1)));
  }
  store<i32>(FRAMES + FRAME_BYTES, root, FRAME_NODE);
  store<i32>(FRAMES + FRAME_BYTES, HOT + (last << HOT_SHIFT) + HOT_NEXT, FRAME_LINK);
  setCell(HOME, type);
  return true;
}
