// The paths met so far as a forest of small integers: one tree for each event type, and one, from node 0, for lines whose event type is
// not known yet. A node is a path; it remembers which key came after it, so that the next line's keys are compared instead of looked up.
// Typed arrays in columns: nothing is allocated for a line, and a node costs about 110 bytes.
import { SYSTEM_PREFIX } from "../../../shared/contracts/words.ts";
import type { Path } from "../../../shared/schema/types.ts";
import { isAddressable } from "../../../shared/shape/classify.ts";
import { finishHash, larger, type KeyTable } from "./key-table.ts";

/** Beyond, the scanner starts anew. */
const MAX_NODES = 1 << 18;
/** Keys of an object within an array, which has no shape, that are remembered. */
const KEYS_IN_ARRAY = 500;
/** Nothing is counted at this node or below: it stands in an array. */
export const SILENT = 1;
/** An event type may be here. */
export const TYPE_PATH = 2;

/** No node, because the object above is kept whole. */
export const WHOLE_ABOVE = -1;
export class PathTree {
  count = 0;
  readonly keys: KeyTable;
  readonly keysPerDepth: readonly number[];

  parent = new Int32Array(256);
  key = new Int32Array(256);
  /** Where the key's bytes begin in the key table, and their number; −1 when the key is never written so. */
  keyStart = new Int32Array(256);
  keyLength = new Int32Array(256);
  depth = new Uint16Array(256);
  flags = new Uint8Array(256);
  /** Rank of the event type path that ends here. */
  typeRank = new Uint16Array(256);
  /** The first member when the object was last met, and the member after this one; −1 when there was none yet. */
  first = new Int32Array(256);
  next = new Int32Array(256);
  /** The node of the elements when there is an array here; 0 when there was none yet. */
  elements = new Int32Array(256);
  /** The object in which this member was last met, to find duplicates. */
  stamp = new Int32Array(256);
  /** How many nodes have this one as parent. */
  children = new Int32Array(256);

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
      .filter(
        ([, path]) => path.length > 0 && path.every(isAddressable) && !path[0]!.startsWith(SYSTEM_PREFIX),
      );
    this.clear();
  }

  get full(): boolean {
    return this.count >= MAX_NODES;
  }

  /** Empties the tree and its key table. */
  clear(): void {
    this.count = 0;
    this.#slots.fill(0);
    this.keys.clear();
    this.#typeKeys = this.#typePaths.map(([, path]) => path.map((name) => this.keys.id(name)));
  }

  /** A new tree; it has the event type paths from the start, so that a line's type is found even under an object kept whole. */
  newRoot(): number {
    const root = this.#newNode(-1, 0, 0, 0);
    this.#typePaths.forEach(([rank], index) => {
      let node = root;
      for (const key of this.#typeKeys[index]!) {
        const known = this.find(node, key);
        node = known >= 0 ? known : this.#newChild(node, key);
      }
      if ((this.flags[node]! & TYPE_PATH) === 0) this.typeRank[node] = rank;
      this.flags[node]! |= TYPE_PATH;
    });
    return root;
  }

  /** Distinct keys beyond which an object at this node is kept whole. */
  limit(node: number): number {
    return (this.flags[node]! & SILENT) === 0 ? (this.keysPerDepth[this.depth[node]!] ?? 0) : KEYS_IN_ARRAY;
  }

  /** The member of a node, −1 when there is none yet. */
  find(parent: number, key: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(parent, key) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot]! - 1;
      if (node < 0 || (this.key[node] === key && this.parent[node] === parent)) return node;
    }
  }

  /**
   * The member of a node, made when there is none. WHOLE_ABOVE for a new member of an object that is kept whole: already (`whole`), or because
   * it has `members` members in this line, more than the limit.
   */
  member(parent: number, key: number, whole: boolean, members: number): number {
    const known = this.find(parent, key);
    if (known >= 0) return known;
    const limit = this.limit(parent);
    const silent = (this.flags[parent]! & SILENT) !== 0;
    const full = silent ? this.children[parent]! >= limit : whole || limit === 0 || members > limit;
    return full ? WHOLE_ABOVE : this.#newChild(parent, key);
  }

  /** The node of the elements of arrays at a node. */
  elementsOf(array: number): number {
    const known = this.elements[array]!;
    if (known > 0) return known;
    const made = this.#newNode(array, 0, this.depth[array]! + 1, SILENT);
    this.elements[array] = made;
    return made;
  }

  #newChild(parent: number, key: number): number {
    const node = this.#newNode(parent, key, this.depth[parent]! + 1, this.flags[parent]! & SILENT);
    this.children[parent]!++;
    const mask = this.#slots.length - 1;
    let slot = slotOf(parent, key) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = node + 1;
    if (this.count * 2 > this.#slots.length) this.#growSlots();
    return node;
  }

  #newNode(parent: number, key: number, depth: number, flags: number): number {
    if (this.count === this.parent.length) this.#growNodes();
    const node = this.count++;
    this.parent[node] = parent;
    this.key[node] = key;
    this.keyStart[node] = this.keys.start[key]!;
    this.keyLength[node] = this.keys.written[key] === 1 ? this.keys.length[key]! : -1;
    this.depth[node] = depth;
    this.flags[node] = flags;
    this.typeRank[node] = 0;
    this.first[node] = this.next[node] = -1;
    this.elements[node] = this.stamp[node] = this.children[node] = 0;
    return node;
  }

  #growNodes(): void {
    this.parent = larger(this.parent);
    this.key = larger(this.key);
    this.keyStart = larger(this.keyStart);
    this.keyLength = larger(this.keyLength);
    this.depth = larger(this.depth);
    this.flags = larger(this.flags);
    this.typeRank = larger(this.typeRank);
    this.first = larger(this.first);
    this.next = larger(this.next);
    this.elements = larger(this.elements);
    this.stamp = larger(this.stamp);
    this.children = larger(this.children);
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (const entry of this.#slots) {
      if (entry === 0) continue;
      let slot = slotOf(this.parent[entry - 1]!, this.key[entry - 1]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry;
    }
    this.#slots = slots;
  }
}

function slotOf(parent: number, key: number): number {
  return finishHash(Math.imul(parent, 0x9e3779b1) ^ Math.imul(key, 0x85ebca6b));
}
