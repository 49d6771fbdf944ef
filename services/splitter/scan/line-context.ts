// What the scanner knows about the line it is in, besides its position: the values met so far (the tape), the open containers, and the
// event type as far as it is known. Lines begin in the tree of no event type and move on to their type's tree once it is met.
import { MAX_DEPTH, MAX_EVENT_TYPE_BYTES, MAX_KEY_BYTES } from "../../../shared/contracts/words.ts";
import { unescaped } from "./bytes.ts";
import { isEventType } from "./event-type.ts";
import { FIRST_ROOT, HOT, NO_NODE, SILENT } from "./hot.ts";
import type { KeyTable } from "./key-table.ts";
import { KIND, KIND_SHIFT } from "./kinds.ts";
import { MemberSet } from "./member-set.ts";
import type { PathStats } from "./path-stats.ts";
import type { PathTree } from "./path-tree.ts";
import { finishHash, larger } from "./tables.ts";
import type { TypeTable } from "./type-table.ts";

/**
 * Columns of an open container: its node, where in `hot` the guess at the next member stands, its number as an object, its members so far,
 * 1 for an array.
 */
export const FRAME = { NODE: 0, LINK: 1, OBJECT: 2, MEMBERS: 3, ARRAY: 4, COLUMNS: 5 } as const;

// Constants of this module are compiled in; imported ones are looked up.
const { STAMP, SHIFT } = HOT;
const { NODE, LINK, COLUMNS } = FRAME;
const [NONE, NODE_SHIFT, LONGEST_TYPE] = [NO_NODE, KIND_SHIFT, MAX_EVENT_TYPE_BYTES];
/** Beyond this many values with a path in one line the slow path does it. */
const MAX_TAPE = 1 << 20;
const KIND_MASK = (1 << KIND_SHIFT) - 1;
/** log2 of the values before the event type whose place in the type's tree is remembered. */
const PREFIX_SHIFT = 3;
/** The line is for the slow path. */
export const ODD = -1;

export class LineContext {
  /** Nodes and kinds of the values met, node × 16 + kind. */
  tape = new Int32Array(1024);
  /** The value to each of them: length of a string, value of an integer … (KIND says which). */
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
  /** Root of each type's tree, NO_NODE for none. */
  roots = new Int32Array(64);

  readonly #keys: KeyTable;
  readonly #tree: PathTree;
  readonly #stats: PathStats;
  readonly #types: TypeTable;
  readonly #members = new MemberSet();
  /** The event type in whose tree the tape is, −1 for none. */
  #home = -1;
  /** Rank of the path that gave the event type. */
  #rank = 0;
  #wholeObject = 0;
  #mapped = new Int32Array(1024);
  /** For each type, the first nodes of the tape when its lines last moved in, and where they moved. */
  #prefixFrom = new Int32Array(64 << PREFIX_SHIFT);
  #prefixTo = new Int32Array(64 << PREFIX_SHIFT);

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
    this.#rank = 0xffff;
    this.#wholeObject = 0;
    this.type = this.#home = type;
    if (this.object > 2 ** 30) this.#renumber();
    return type < 0 ? FIRST_ROOT : this.#root(type);
  }

  /** Makes room on the tape; false when the line has too many values. */
  grow(): boolean {
    if (this.tape.length >= MAX_TAPE) return false;
    this.tape = larger(this.tape);
    this.values = larger(this.values);
    return true;
  }

  /** To be called when the tree was emptied. */
  forgetTrees(): void {
    this.roots.fill(NONE);
    this.#prefixFrom.fill(NONE);
  }

  #renumber(): void {
    this.object = 0;
    for (let node = 0; node < this.#tree.count; node++) this.#tree.hot[(node << SHIFT) + STAMP] = 0;
  }

  #root(type: number): number {
    while (type >= this.roots.length) {
      this.roots = larger(this.roots);
      this.#prefixFrom = larger(this.#prefixFrom);
      this.#prefixTo = larger(this.#prefixTo);
    }
    if (this.roots[type] === NONE) this.roots[type] = this.#tree.newRoot();
    return this.roots[type]!;
  }

  /**
   * Looks up the key at `start` (after its opening quote) of the object with this number at `node`, which has `members` members with this
   * one and whose guess stood at `link`. Returns the key's node, NO_NODE when it has none, or ODD: invalid, a duplicate, no address.
   */
  member(
    bytes: Uint8Array,
    start: number,
    node: number,
    link: number,
    object: number,
    members: number,
    depth: number,
  ): number {
    let hash = this.#keys.seed;
    let hasEscapes = false;
    let together = 0;
    let end = start;
    for (let c = bytes[end]!; c !== 0x22; c = bytes[++end]!) {
      if (c === 0x5c) {
        hasEscapes = true;
        hash = Math.imul(hash ^ c, 0x01000193);
        c = bytes[++end]!;
      }
      // Not `c < 0x20`: beyond the block there is nothing at all.
      if (!(c >= 0x20)) return ODD;
      together |= c;
      hash = Math.imul(hash ^ c, 0x01000193);
    }
    hash = finishHash(hash);
    this.keyEnd = end;
    let key = this.#keys.find(bytes, start, end, hash);
    if (key === -1) {
      // A key that is nowhere yet and needs no node is not worth entering: an object with a key of its own in every line.
      const plain =
        together < 0x80 && !hasEscapes && depth > 1 && end > start && end - start <= MAX_KEY_BYTES;
      if (plain && this.#tree.isFull(node, this.#stats.whole[node] === 1, members)) {
        return this.#nameless(bytes, start, end, hash, node, object);
      }
      key = this.#keys.add(bytes, start, end, hash, hasEscapes);
    }
    if (key < 0) return ODD;
    key = this.#keys.meant[key]!;
    if (depth === 1 && this.#keys.system[key] === 1) return ODD;
    const found = this.#tree.member(node, key, this.#stats.whole[node] === 1, members);
    if (found !== NONE) return this.#known(found, link, object);
    // Escapes would hide that two keys are the same.
    return hasEscapes ? ODD : this.#nameless(bytes, start, end, hash, node, object);
  }

  #known(found: number, link: number, object: number): number {
    const { hot } = this.#tree;
    const at = (found << SHIFT) + STAMP;
    if (hot[at] === object) return ODD;
    hot[at] = object;
    hot[link] = found;
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
    const counted = (this.#tree.flags(node) & SILENT) === 0 && this.#stats.whole[node] !== 1;
    if (counted && this.#wholeObject !== object) {
      this.#wholeObject = object;
      if (this.length + 2 > this.tape.length && !this.grow()) return ODD;
      this.tape[this.length++] = (node << NODE_SHIFT) | KIND.WHOLE;
    }
    return NONE;
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
    if (rank >= this.#rank || unescapedLength > LONGEST_TYPE || end === start) return false;
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
    if (!this.#mapTape(type, root)) return false;
    const { hot } = this.#tree;
    const { tape, frames } = this;
    for (let i = 0; i < this.length; i++) {
      const to = this.#mapped[i]!;
      hot[(to << SHIFT) + STAMP] = hot[((tape[i]! >> NODE_SHIFT) << SHIFT) + STAMP]!;
      tape[i] = (to << NODE_SHIFT) | (tape[i]! & KIND_MASK);
    }
    for (let at = COLUMNS; at <= depth * COLUMNS; at += COLUMNS) {
      const link = frames[at + LINK]!;
      frames[at + NODE] = this.#map(frames[at + NODE]!, root);
      frames[at + LINK] = this.#map(link >> SHIFT, root) << SHIFT;
    }
    this.#home = type;
    return true;
  }

  /** Finds the nodes of the tape in the type's tree; false when some have none there because an object is whole. */
  #mapTape(type: number, root: number): boolean {
    while (this.#mapped.length < this.tape.length) this.#mapped = larger(this.#mapped);
    for (let i = 0; i < this.length; i++) {
      const node = this.tape[i]! >> NODE_SHIFT;
      const at = (type << PREFIX_SHIFT) + i;
      if (i < 1 << PREFIX_SHIFT && this.#prefixFrom[at] === node) {
        this.#mapped[i] = this.#prefixTo[at]!;
        continue;
      }
      const to = this.#map(node, root);
      if (to === NONE) return false;
      this.#mapped[i] = to;
      if (i >= 1 << PREFIX_SHIFT) continue;
      this.#prefixFrom[at] = node;
      this.#prefixTo[at] = to;
    }
    return true;
  }

  /** Moves the tape of a whole line to the tree of its event type; values without a node there get NO_NODE. */
  settle(): void {
    if (this.#home === this.type) return;
    const root = this.#root(this.type);
    for (let i = 0; i < this.length; i++) {
      const entry = this.tape[i]!;
      this.tape[i] = (this.#map(entry >> NODE_SHIFT, root) << NODE_SHIFT) | (entry & KIND_MASK);
    }
    this.#home = this.type;
  }

  #map(node: number, root: number): number {
    const parent = this.#tree.parent[node]!;
    if (parent === NONE) return root;
    const above = this.#map(parent, root);
    return this.#tree.member(above, this.#tree.key[node]!, this.#stats.whole[above] === 1, 0);
  }
}
