// Keys that were not the ones expected: looked up in the tables that JavaScript fills. What is not there yet is JavaScript's.
import { byteAt, cell, setCell } from "./memory";
import { hostMember } from "./host";
import {
  KEY_END, KEY_HASH, KEY_LENGTH, KEY_MASK, KEY_MEANT, KEY_SLOTS, KEY_START, KEY_SYSTEM, KEY_WRITTEN, NODES, NODE_KEY, NODE_KEY_TEXT,
  NODE_PARENT, NODE_SHIFT, NODE_STAMP, NO_NODE, SEED, TREE_MASK, TREE_SLOTS,
} from "./layout";

/** As MAX_PROBES of key-table.ts. */
const MAX_PROBES = 64;

/** Mixes the high bits of a hash into the low ones, as finishHash of tables.ts. */
@inline
export function finishHash(hash: i32): i32 {
  const mixed = (hash ^ <i32>(<u32>hash >>> 15)) * 0x2c1b3c6d;
  return mixed ^ <i32>(<u32>mixed >>> 13);
}

/** True when the bytes at `a` and `b` are the same. Up to 15 bytes after them are read. */
@inline
export function equal(a: i32, b: i32, length: i32): bool {
  while (length > 16) {
    if (i8x16.bitmask(i8x16.ne(v128.load(a), v128.load(b))) != 0) return false;
    a += 16;
    b += 16;
    length -= 16;
  }
  return (i8x16.bitmask(i8x16.ne(v128.load(a), v128.load(b))) & ((1 << length) - 1)) == 0;
}

/** The node of the member of `node` whose key begins at `start`, after its quote; −1 when the line is odd. See LineContext.member. */
export function lookUp(start: i32, node: i32, link: i32, object: i32, members: i32, depth: i32): i32 {
  let hash = cell(SEED);
  let end = start;
  for (let c = byteAt(end); c != 0x22; c = byteAt(++end)) {
    if (c == 0x5c || c < 0x20) return hostMember(start, node, link, object, members, depth);
    hash = (hash ^ <i32>c) * 0x01000193;
  }
  const key = findKey(start, end - start, finishHash(hash));
  if (key > 0) {
    const meant = load<i32>(KEY_MEANT + (key << 2));
    if (depth == 1 && byteAt(KEY_SYSTEM + meant) != 0) return -1;
    const found = findNode((node - NODES) >> NODE_SHIFT, meant);
    if (found != 0) {
      setCell(KEY_END, end);
      if (load<i32>(found, NODE_STAMP) == object) return -1;
      store<i32>(found, object, NODE_STAMP);
      if (load<i32>(found, NODE_KEY_TEXT) != 0) store<i32>(link, found);
      return found;
    }
  }
  return hostMember(start, node, link, object, members, depth);
}

function findKey(start: i32, length: i32, hash: i32): i32 {
  const mask = cell(KEY_MASK);
  let slot = hash & mask;
  for (let probe = 0; probe < MAX_PROBES; probe++) {
    const key = load<i32>(KEY_SLOTS + (slot << 2));
    if (key == 0) return 0;
    if (
      load<i32>(KEY_HASH + (key << 2)) == hash &&
      load<i32>(KEY_LENGTH + (key << 2)) == length &&
      byteAt(KEY_WRITTEN + key) != 0 &&
      equal(load<i32>(KEY_START + (key << 2)), start, length)
    ) {
      return key;
    }
    slot = (slot + 1) & mask;
  }
  return 0;
}

/** Address of the member of the node with this number, 0 when there is none. */
@inline
function findNode(parent: i32, key: i32): i32 {
  const mask = cell(TREE_MASK);
  let slot = finishHash((parent * 0x9e3779b1) ^ (key * 0x85ebca6b)) & mask;
  while (true) {
    const number = load<i32>(TREE_SLOTS + (slot << 2));
    if (number == NO_NODE) return 0;
    const node = NODES + (number << NODE_SHIFT);
    if (load<i32>(node, NODE_KEY) == key && load<i32>(node, NODE_PARENT) == parent) return node;
    slot = (slot + 1) & mask;
  }
}
