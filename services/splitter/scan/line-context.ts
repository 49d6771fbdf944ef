// What the scanner knows about the line it is in, besides its position: the values met so far (the tape), the open containers, and the
// event type as far as it is known. Lines begin in the tree of no event type and move on to their type's tree once it is met.
import { MAX_DEPTH, MAX_EVENT_TYPE_BYTES } from "../../../shared/contracts/words.ts";
import { unescaped } from "./bytes.ts";
import { isEventType } from "./event-type.ts";
import { finishHash, larger, type KeyTable } from "./key-table.ts";
import { KIND } from "./kinds.ts";
import { MemberSet } from "./member-set.ts";
import type { PathStats } from "./path-stats.ts";
import { SILENT, WHOLE_ABOVE, type PathTree } from "./path-tree.ts";
import type { TypeTable } from "./type-table.ts";

/** Columns of an open container: its node, the member before, its number as an object, its members so far, 1 for an array. */
export const FRAME = { NODE: 0, BEFORE: 1, OBJECT: 2, MEMBERS: 3, ARRAY: 4, COLUMNS: 5 } as const;

/** Beyond this many values with a path in one line the slow path does it. */
const MAX_TAPE = 1 << 20;
/** The line is for the slow path. */
export const ODD = -3;

export class LineContext {
  nodes = new Int32Array(1024);
  kinds = new Uint8Array(1024);
  values = new Float64Array(1024);
  /** Values on the tape. */
  length = 0;
  readonly frames = new Int32Array((MAX_DEPTH + 1) * FRAME.COLUMNS);
  /** Position after the key last looked up: its closing quote. */
  keyEnd = 0;
  /** The event type as far as known, −1 when not. */
  type = -1;
  /** Numbers the objects, across lines. */
  object = 0;

  readonly #keys: KeyTable;
  readonly #tree: PathTree;
  readonly #stats: PathStats;
  readonly #types: TypeTable;
  readonly #members = new MemberSet();
  /** The event type in whose tree the tape is, −1 for none. */
  #home = -1;
  #rank = 0;
  #wholeObject = 0;
  /** Root of each type's tree, −1 for none. */
  roots = new Int32Array(64).fill(-1);
  #mapped = new Int32Array(1024);

  constructor(keys: KeyTable, tree: PathTree, stats: PathStats, types: TypeTable) {
    this.#keys = keys;
    this.#tree = tree;
    this.#stats = stats;
    this.#types = types;
  }

  /** Begins a line; returns the root node. `type` is the event type when it is known beforehand, else −1. */
  begin(type: number): number {
    this.length = 0;
    this.#members.clear();
    this.#rank = Number.POSITIVE_INFINITY;
    this.#wholeObject = 0;
    this.type = this.#home = type;
    if (this.object > 2 ** 30) {
      this.object = 0;
      this.#tree.stamp.fill(0);
    }
    if (this.#tree.count === 0) this.#tree.newRoot();
    return type < 0 ? 0 : this.#root(type);
  }

  /** Makes room on the tape; false when the line has too many values. */
  grow(): boolean {
    if (this.nodes.length >= MAX_TAPE) return false;
    this.nodes = larger(this.nodes);
    this.kinds = larger(this.kinds);
    this.values = larger(this.values);
    return true;
  }

  forgetTrees(): void {
    this.roots.fill(-1);
  }

  #root(type: number): number {
    while (type >= this.roots.length) {
      const roots = new Int32Array(this.roots.length * 2).fill(-1);
      roots.set(this.roots);
      this.roots = roots;
    }
    if (this.roots[type]! < 0) this.roots[type] = this.#tree.newRoot();
    return this.roots[type]!;
  }

  /**
   * Looks up the key at `start` (after its opening quote) of the object with this number at `node`, whose member before it is `before` and which
   * has `members` members with this one. Returns the key's node, WHOLE_ABOVE when it has none, or ODD: invalid, a duplicate, no address.
   */
  member(
    bytes: Uint8Array,
    start: number,
    node: number,
    before: number,
    object: number,
    members: number,
    depth: number,
  ): number {
    let hash = this.#keys.seed;
    let hasEscapes = false;
    let end = start;
    for (let c = bytes[end]!; c !== 0x22; c = bytes[++end]!) {
      if (c === 0x5c) {
        hasEscapes = true;
        hash = Math.imul(hash ^ c, 0x01000193);
        c = bytes[++end]!;
      }
      // Not `c < 0x20`: beyond the block there is nothing at all.
      if (!(c >= 0x20)) return ODD;
      hash = Math.imul(hash ^ c, 0x01000193);
    }
    hash = finishHash(hash);
    this.keyEnd = end;
    let key = this.#keys.find(bytes, start, end, hash);
    if (key === -1) key = this.#keys.add(bytes, start, end, hash, hasEscapes);
    if (key < 0) return ODD;
    key = this.#keys.meant[key]!;
    if (depth === 1 && this.#keys.system[key] === 1) return ODD;
    const found =
      node < 0 ? WHOLE_ABOVE : this.#tree.member(node, key, this.#stats.whole[node] === 1, members);
    if (found >= 0) return this.#known(found, node, before, object);
    if (hasEscapes) return ODD;
    return this.#nameless(bytes, start, end, hash, node, object);
  }

  #known(found: number, node: number, before: number, object: number): number {
    const tree = this.#tree;
    if (tree.stamp[found] === object) return ODD;
    tree.stamp[found] = object;
    if (before >= 0) tree.next[before] = found;
    else tree.first[node] = found;
    return found;
  }

  /** A member without a node: its object is kept whole, and only duplicates matter. */
  #nameless(
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    node: number,
    object: number,
  ): number {
    if (!this.#members.add(bytes, start, end, hash, object)) return ODD;
    const counted = node >= 0 && (this.#tree.flags[node]! & SILENT) === 0 && this.#stats.whole[node] !== 1;
    if (counted && this.#wholeObject !== object) {
      this.#wholeObject = object;
      if (this.length + 2 > this.nodes.length && !this.grow()) return ODD;
      this.nodes[this.length] = node;
      this.kinds[this.length++] = KIND.WHOLE;
    }
    return WHOLE_ABOVE;
  }

  /**
   * Takes note of a value at an event type path: a string between `start` and `end`, its quotes left out, or an integer. `unescapedLength` is
   * the string's. True when the tape and the `depth` open containers have moved to the type's tree.
   */
  candidate(
    bytes: Uint8Array,
    node: number,
    start: number,
    end: number,
    unescapedLength: number,
    depth: number,
  ): boolean {
    const rank = this.#tree.typeRank[node]!;
    if (rank >= this.#rank || unescapedLength > MAX_EVENT_TYPE_BYTES || end === start) return false;
    if (unescapedLength < end - start) {
      const name = unescaped(bytes, start, end);
      if (!isEventType(name)) return false;
      this.type = this.#types.id(name);
    } else this.type = this.#types.idOfBytes(bytes, start, end);
    this.#rank = rank;
    return this.#home < 0 && this.#moveIn(this.type, depth);
  }

  #moveIn(type: number, depth: number): boolean {
    const root = this.#root(type);
    if (!this.#mapTape(root, false)) return false;
    const { stamp } = this.#tree;
    for (let i = 0; i < this.length; i++) stamp[this.#mapped[i]!] = stamp[this.nodes[i]!]!;
    for (let at = FRAME.COLUMNS; at <= depth * FRAME.COLUMNS; at += FRAME.COLUMNS) {
      this.frames[at + FRAME.NODE] = this.#map(this.frames[at + FRAME.NODE]!, root);
      const before = this.frames[at + FRAME.BEFORE]!;
      if (before >= 0) this.frames[at + FRAME.BEFORE] = this.#map(before, root);
    }
    this.nodes.set(this.#mapped.subarray(0, this.length));
    this.#home = type;
    return true;
  }

  /** Moves the tape of a whole line to the tree of its event type; values without a node there get a negative one. */
  settle(): void {
    if (this.#home === this.type) return;
    this.#mapTape(this.#root(this.type), true);
    this.nodes.set(this.#mapped.subarray(0, this.length));
    this.#home = this.type;
  }

  /** Finds the nodes of the tape in another tree; `wholeToo`: also when some have none there because an object is whole. */
  #mapTape(root: number, wholeToo: boolean): boolean {
    while (this.#mapped.length < this.nodes.length) this.#mapped = larger(this.#mapped);
    for (let i = 0; i < this.length; i++) {
      const node = this.#map(this.nodes[i]!, root);
      if (node < 0 && !wholeToo) return false;
      this.#mapped[i] = node;
    }
    return true;
  }

  #map(node: number, root: number): number {
    const parent = this.#tree.parent[node]!;
    if (parent < 0) return root;
    const above = this.#map(parent, root);
    if (above < 0) return WHOLE_ABOVE;
    return this.#tree.member(above, this.#tree.key[node]!, this.#stats.whole[above] === 1, 0);
  }
}
