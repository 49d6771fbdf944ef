// The paths met so far as a forest of small integers: one tree for each event type, and one, from FIRST_ROOT, for lines whose event type
// is not known yet. A node is a path; it remembers which key came after it, so that the next line's keys are compared instead of looked up.
// Records in the scanner's memory: nothing is allocated for a line, and a node costs 128 bytes, its counters included.
import { SYSTEM_PREFIX } from "../../../shared/contracts/words.ts";
import type { Path } from "../../../shared/schema/types.ts";
import { isAddressable } from "../../../shared/shape/classify.ts";
import type { KeyTable } from "./key-table.ts";
import type { ScanMemory } from "./scan-memory.ts";
import { addressOf, NodeRecords } from "./node-records.ts";
import { finishHash } from "./tables.ts";
import {
  FLAG_BITS,
  FULL,
  MAX_NODES,
  MAX_TREE_SLOTS,
  NODE_BYTES_FLAGS,
  NODE_CHILDREN,
  NODE_COUNT,
  NODE_DEPTH,
  NODE_ELEMENTS,
  NODE_KEY,
  NODE_KEY_TEXT,
  NODE_PARENT,
  NODE_TYPE_RANK,
  NO_NODE,
  SILENT,
  TREE_MASK,
  TREE_SLOTS,
  TYPE_PATH,
} from "./wasm/assembly/layout.ts";

/** Beyond, the scanner starts anew before the next line. */
const MANY_NODES = MAX_NODES / 2;
/** What is kept free for the tree of a new event type. */
const RESERVE = 2000;
const FIRST_SLOTS = 1024;
/** Keys of an object within an array, which has no shape, that are remembered. */
const KEYS_IN_ARRAY = 500;

export class PathTree {
  readonly keys: KeyTable;
  readonly keysPerDepth: readonly number[];

  readonly records: NodeRecords;
  readonly #slots: Int32Array;
  readonly #cells: Int32Array;

  readonly #typePaths: readonly (readonly [rank: number, path: Path])[];
  /** The keys of each of them in the key table. */
  #typeKeys: readonly (readonly number[])[] = [];

  constructor(
    memory: ScanMemory,
    keys: KeyTable,
    keysPerDepth: readonly number[],
    typePaths: readonly Path[],
  ) {
    this.keys = keys;
    this.keysPerDepth = keysPerDepth;
    this.records = new NodeRecords(memory);
    this.#slots = memory.ints(TREE_SLOTS, MAX_TREE_SLOTS);
    this.#cells = memory.cells;
    // Lines with other keys go by the slow path anyway.
    this.#typePaths = typePaths
      .map((path, rank) => [rank, path] as const)
      .filter(([, path]) => path.every(isAddressable) && path[0]?.startsWith(SYSTEM_PREFIX) === false);
    this.clear();
  }

  /** Nodes so far, NO_NODE included. */
  get count(): number {
    return this.#cells[NODE_COUNT]!;
  }

  get full(): boolean {
    return this.count >= MANY_NODES;
  }

  /** Empties the tree and its key table, and plants the first root. */
  clear(): void {
    this.#slots.fill(0, 0, this.#cells[TREE_MASK]! + 1);
    this.#cells[TREE_MASK] = FIRST_SLOTS - 1;
    this.keys.clear();
    this.#typeKeys = this.#typePaths.map(([, path]) => path.map((name) => this.keys.id(name)));
    this.#cells[NODE_COUNT] = 0;
    this.#newNode(NO_NODE, 0, 0, SILENT);
    this.newRoot();
  }

  /** A new tree; it has the event type paths from the start, so that a line's type is found even under an object kept whole. */
  newRoot(): number {
    const root = this.#newNode(NO_NODE, 0, 0, 0);
    this.#typePaths.forEach(([rank], index) => {
      let node = root;
      for (const key of this.#typeKeys[index]!) node = this.find(node, key) || this.#newChild(node, key);
      if ((this.flags(node) & TYPE_PATH) === 0) this.records.set(node, NODE_TYPE_RANK, rank);
      this.records.set(node, NODE_BYTES_FLAGS, this.records.get(node, NODE_BYTES_FLAGS) | TYPE_PATH);
    });
    return root;
  }

  flags(node: number): number {
    return this.records.get(node, NODE_BYTES_FLAGS) & ((1 << FLAG_BITS) - 1);
  }

  parent(node: number): number {
    return this.records.get(node, NODE_PARENT);
  }

  key(node: number): number {
    return this.records.get(node, NODE_KEY);
  }

  /** The key under which a node is a member. */
  name(node: number): string {
    return this.keys.name(this.key(node));
  }

  /** Remembers that a member came next at the place with this address, if the guess can ever be right. */
  expect(link: number, node: number): void {
    if (this.records.get(node, NODE_KEY_TEXT) !== 0) this.records.setAt(link, addressOf(node));
  }

  /** Distinct keys beyond which an object at this node is kept whole. */
  limit(node: number): number {
    return this.keysPerDepth[this.#depth(node)] ?? 0;
  }

  /** The member of a node, NO_NODE when there is none yet. */
  find(parent: number, key: number): number {
    const mask = this.#cells[TREE_MASK]!;
    for (let slot = slotOf(parent, key) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot]!;
      if (node === NO_NODE || (this.key(node) === key && this.parent(node) === parent)) return node;
    }
  }

  /**
   * The member of a node, made when there is none. NO_NODE for a new member of an object that is kept whole: already (`whole`), or because it
   * has `members` members in this line, more than the limit; for one too many in an array; and when there is no room.
   */
  member(parent: number, key: number, whole: boolean, members: number): number {
    const known = this.find(parent, key);
    if (known !== NO_NODE || this.exhausted || this.isFull(parent, whole, members)) return known;
    return this.#newChild(parent, key);
  }

  /** True when there is no room for another node, but for those of a new event type: the line is for the slow path. */
  get exhausted(): boolean {
    return this.count >= MAX_NODES - RESERVE;
  }

  /** True when `member` would give NO_NODE for a key that the node does not have. */
  isFull(parent: number, whole: boolean, members: number): boolean {
    if (parent === NO_NODE) return true;
    if ((this.flags(parent) & SILENT) !== 0) return this.records.get(parent, NODE_CHILDREN) >= KEYS_IN_ARRAY;
    const limit = this.limit(parent);
    return whole || limit === 0 || members > limit;
  }

  /** The node of the elements of arrays at a node. */
  elementsOf(array: number): number {
    if (array === NO_NODE || this.exhausted) return NO_NODE;
    // Asked once for each array: the module remembers the address.
    const made = this.#newNode(array, 0, this.#depth(array) + 1, SILENT);
    this.records.set(array, NODE_ELEMENTS, addressOf(made));
    return made;
  }

  #depth(node: number): number {
    return this.records.get(node, NODE_DEPTH);
  }

  #newChild(parent: number, key: number): number {
    const node = this.#newNode(parent, key, this.#depth(parent) + 1, this.flags(parent) & SILENT);
    this.records.set(parent, NODE_CHILDREN, this.records.get(parent, NODE_CHILDREN) + 1);
    const mask = this.#cells[TREE_MASK]!;
    let slot = slotOf(parent, key) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = node;
    if (this.count * 2 > mask + 1 && mask + 1 < MAX_TREE_SLOTS) this.#growSlots();
    return node;
  }

  #newNode(parent: number, key: number, depth: number, flags: number): number {
    const node = this.#cells[NODE_COUNT]!++;
    if (this.full) this.#cells[FULL] = 1;
    this.records.begin(node, this.keys.writtenAt(key), ((this.keys.length[key]! + 3) << FLAG_BITS) | flags);
    this.records.set(node, NODE_PARENT, parent);
    this.records.set(node, NODE_KEY, key);
    this.records.set(node, NODE_DEPTH, depth);
    return node;
  }

  #growSlots(): void {
    const size = (this.#cells[TREE_MASK]! + 1) * 2;
    const mask = size - 1;
    this.#slots.fill(0, 0, size);
    for (let node = 0; node < this.count; node++) {
      // Roots and elements of arrays are found otherwise.
      if (this.key(node) === 0) continue;
      let slot = slotOf(this.parent(node), this.key(node)) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = node;
    }
    this.#cells[TREE_MASK] = mask;
  }
}

function slotOf(parent: number, key: number): number {
  return finishHash(Math.imul(parent, 0x9e3779b1) ^ Math.imul(key, 0x85ebca6b));
}
