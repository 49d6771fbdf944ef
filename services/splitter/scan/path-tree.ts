// The paths met so far as a forest of small integers: one tree for each event type, and one, from FIRST_ROOT, for lines whose event type
// is not known yet. A node is a path; it remembers which key came after it, so that the next line's keys are compared instead of looked up.
// Typed arrays in columns: nothing is allocated for a line, and a node costs about 150 bytes, its counters included.
import { SYSTEM_PREFIX } from "../../../shared/contracts/words.ts";
import type { Path } from "../../../shared/schema/types.ts";
import { isAddressable } from "../../../shared/shape/classify.ts";
import { FLAG_BITS, HOT, NO_NODE, SILENT, TYPE_PATH } from "./hot.ts";
import type { KeyTable } from "./key-table.ts";
import { finishHash, larger } from "./tables.ts";

/** Beyond, the scanner starts anew. */
const MAX_NODES = 1 << 18;
/** Keys of an object within an array, which has no shape, that are remembered. */
const KEYS_IN_ARRAY = 500;

export class PathTree {
  /** Nodes so far, NO_NODE included. */
  count = 0;
  readonly keys: KeyTable;
  readonly keysPerDepth: readonly number[];

  hot = new Int32Array(256 << HOT.SHIFT);
  parent = new Int32Array(256);
  key = new Int32Array(256);
  depth = new Uint16Array(256);
  /** Rank of the event type path that ends here. */
  typeRank = new Uint16Array(256);
  /** How many nodes have this one as parent. */
  #children = new Int32Array(256);
  /** The node of the elements when there is an array here. */
  #elements = new Int32Array(256);

  readonly #typePaths: readonly (readonly [rank: number, path: Path])[];
  /** The keys of each of them in the key table. */
  #typeKeys: readonly (readonly number[])[] = [];
  #slots = new Int32Array(1024);

  constructor(keys: KeyTable, keysPerDepth: readonly number[], typePaths: readonly Path[]) {
    this.keys = keys;
    this.keysPerDepth = keysPerDepth;
    // Lines with other keys go by the slow path anyway.
    this.#typePaths = typePaths
      .map((path, rank) => [rank, path] as const)
      .filter(([, path]) => path.every(isAddressable) && path[0]?.startsWith(SYSTEM_PREFIX) === false);
    this.clear();
  }

  get full(): boolean {
    return this.count >= MAX_NODES;
  }

  /** Empties the tree and its key table, and plants the first root. */
  clear(): void {
    this.#slots.fill(0);
    this.keys.clear();
    this.#typeKeys = this.#typePaths.map(([, path]) => path.map((name) => this.keys.id(name)));
    this.count = 0;
    this.#newNode(NO_NODE, 0, 0, SILENT);
    this.newRoot();
  }

  /** A new tree; it has the event type paths from the start, so that a line's type is found even under an object kept whole. */
  newRoot(): number {
    const root = this.#newNode(NO_NODE, 0, 0, 0);
    this.#typePaths.forEach(([rank], index) => {
      let node = root;
      for (const key of this.#typeKeys[index]!) node = this.find(node, key) || this.#newChild(node, key);
      if ((this.flags(node) & TYPE_PATH) === 0) this.typeRank[node] = rank;
      this.hot[(node << HOT.SHIFT) + HOT.BYTES_FLAGS]! |= TYPE_PATH;
    });
    return root;
  }

  flags(node: number): number {
    return this.hot[(node << HOT.SHIFT) + HOT.BYTES_FLAGS]! & ((1 << FLAG_BITS) - 1);
  }

  /** Distinct keys beyond which an object at this node is kept whole. */
  limit(node: number): number {
    return this.keysPerDepth[this.depth[node]!] ?? 0;
  }

  /** The member of a node, NO_NODE when there is none yet. */
  find(parent: number, key: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(parent, key) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot]!;
      if (node === NO_NODE || (this.key[node] === key && this.parent[node] === parent)) return node;
    }
  }

  /**
   * The member of a node, made when there is none. NO_NODE for a new member of an object that is kept whole: already (`whole`), or because it
   * has `members` members in this line, more than the limit; and for one too many in an array.
   */
  member(parent: number, key: number, whole: boolean, members: number): number {
    const known = this.find(parent, key);
    return known !== NO_NODE || this.isFull(parent, whole, members) ? known : this.#newChild(parent, key);
  }

  /** True when `member` would give NO_NODE for a key that the node does not have. */
  isFull(parent: number, whole: boolean, members: number): boolean {
    if (parent === NO_NODE) return true;
    if ((this.flags(parent) & SILENT) !== 0) return this.#children[parent]! >= KEYS_IN_ARRAY;
    const limit = this.limit(parent);
    return whole || limit === 0 || members > limit;
  }

  /** The node of the elements of arrays at a node. */
  elementsOf(array: number): number {
    if (array === NO_NODE) return NO_NODE;
    if (this.#elements[array] === NO_NODE) {
      const made = this.#newNode(array, 0, this.depth[array]! + 1, SILENT);
      this.#elements[array] = made;
    }
    return this.#elements[array]!;
  }

  #newChild(parent: number, key: number): number {
    const node = this.#newNode(parent, key, this.depth[parent]! + 1, this.flags(parent) & SILENT);
    this.#children[parent]!++;
    const mask = this.#slots.length - 1;
    let slot = slotOf(parent, key) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = node;
    if (this.count * 2 > this.#slots.length) this.#growSlots();
    return node;
  }

  #newNode(parent: number, key: number, depth: number, flags: number): number {
    if (this.count === this.parent.length) this.#growNodes();
    const node = this.count++;
    this.parent[node] = parent;
    this.key[node] = key;
    this.depth[node] = depth;
    this.typeRank[node] = 0;
    this.#elements[node] = NO_NODE;
    this.#children[node] = 0;
    const at = node << HOT.SHIFT;
    this.hot[at + HOT.NEXT] = this.hot[at + HOT.FIRST] = NO_NODE;
    this.hot[at + HOT.STAMP] = 0;
    this.hot[at + HOT.BYTES_FLAGS] = (this.keys.describe(key, this.hot, at) << FLAG_BITS) | flags;
    return node;
  }

  #growNodes(): void {
    this.hot = larger(this.hot);
    this.parent = larger(this.parent);
    this.key = larger(this.key);
    this.depth = larger(this.depth);
    this.typeRank = larger(this.typeRank);
    this.#elements = larger(this.#elements);
    this.#children = larger(this.#children);
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (const node of this.#slots) {
      if (node === NO_NODE) continue;
      let slot = slotOf(this.parent[node]!, this.key[node]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node;
    }
    this.#slots = slots;
  }
}

function slotOf(parent: number, key: number): number {
  return finishHash(Math.imul(parent, 0x9e3779b1) ^ Math.imul(key, 0x85ebca6b));
}
