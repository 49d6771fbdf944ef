// The event type of a line, and the move of what was met so far into its tree.
import { byteAt, cell, setCell } from "./memory";
import { hostEscapedCandidate, hostMoveIn, hostTypeOf } from "./host";
import { equal, finishHash } from "./keys";
import {
  FRAMES, FRAME_BYTES, FRAME_LINK, FRAME_NODE, HOME, LENGTH, MAX_EVENT_TYPE_BYTES, NODE_NEXT, NODE_SHIFT, NODE_STAMP, NODE_TYPE_RANK,
  PREFIX_SHIFT, RANK, RECENT, RECENT_SLOTS, TAPE, TYPE, TYPE_NAME, TYPE_NAME_LENGTH, TYPE_PREFIX_FROM, TYPE_PREFIX_TO, TYPE_ROOT,
} from "./layout";

const IN_RECORD = (1 << NODE_SHIFT) - 1;

/** LineContext.candidate. Node and place of the guess of the innermost container are in its frame, before and after. */
export function candidate(node: i32, start: i32, end: i32, size: i32, depth: i32): bool {
  const rank = load<i32>(node, NODE_TYPE_RANK);
  if (rank >= cell(RANK) || size > MAX_EVENT_TYPE_BYTES || end == start) return false;
  if (size < end - start) return hostEscapedCandidate(node, start, end, depth) != 0;
  const type = typeOf(start, end);
  setCell(TYPE, type);
  setCell(RANK, rank);
  if (cell(HOME) >= 0) return false;
  return moveIn(type, depth) || hostMoveIn(type, depth) != 0;
}

/** Slots that are looked at; when all have other types, the first gives way. */
const PROBES = 4;

function typeOf(start: i32, end: i32): i32 {
  const size = end - start;
  const first = hashOf(start, size);
  let free = RECENT + ((first & (RECENT_SLOTS - 1)) << 2);
  for (let probe = 0; probe < PROBES; probe++) {
    const slot = RECENT + (((first + probe) & (RECENT_SLOTS - 1)) << 2);
    const recent = load<i32>(slot) - 1;
    if (recent < 0) {
      free = slot;
      break;
    }
    const at = recent << 2;
    if (load<i32>(TYPE_NAME_LENGTH + at) == size && equal(load<i32>(TYPE_NAME + at), start, size)) return recent;
  }
  const type = hostTypeOf(start, end);
  store<i32>(free, type + 1);
  return type;
}

/** Of all bytes, eight at a time. Up to seven bytes after them are read. */
@inline
function hashOf(start: i32, size: i32): i32 {
  let hash: u64 = size;
  let at = start;
  for (let rest = size; rest > 0; rest -= 8) {
    let word = load<u64>(at);
    if (rest < 8) word &= ((<u64>1) << (rest << 3)) - 1;
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
    at += 8;
  }
  return finishHash(<i32>hash);
}

/** The common case: at the top level, with the same few values before it as the last time. */
@inline
function moveIn(type: i32, depth: i32): bool {
  const length = cell(LENGTH);
  const root = load<i32>(TYPE_ROOT + (type << 2));
  if (root == 0 || depth != 1 || length > 1 << PREFIX_SHIFT) return false;
  const from = TYPE_PREFIX_FROM + (type << (PREFIX_SHIFT + 2));
  const to = TYPE_PREFIX_TO + (type << (PREFIX_SHIFT + 2));
  for (let i = 0; i < length << 2; i += 4) {
    if (load<i32>(from + i) != (load<i32>(TAPE + i) & ~IN_RECORD)) return false;
  }
  let last = root;
  for (let i = 0; i < length << 2; i += 4) {
    const counter = load<i32>(TAPE + i);
    last = load<i32>(to + i);
    store<i32>(last, load<i32>(counter & ~IN_RECORD, NODE_STAMP), NODE_STAMP);
    store<i32>(TAPE + i, last | (counter & IN_RECORD));
  }
  store<i32>(FRAMES + FRAME_BYTES, root, FRAME_NODE);
  store<i32>(FRAMES + FRAME_BYTES, last + NODE_NEXT, FRAME_LINK);
  setCell(HOME, type);
  return true;
}
