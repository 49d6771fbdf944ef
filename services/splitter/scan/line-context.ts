// What the scanner's module leaves to JavaScript while it is in a line: new keys, new event types, moves to another tree that are not the
// usual ones, text that has to be decoded. Its nodes are addresses. Lines begin in the tree of no event type and move on to their type's tree once it is met.
import { MAX_KEY_BYTES } from "../../../shared/contracts/words.ts";
import { escapedStringKind, unescaped } from "./bytes.ts";
import { isEventType } from "./event-type.ts";
import type { KeyTable } from "./key-table.ts";
import { MemberSet } from "./member-set.ts";
import { readNumber } from "./number-bytes.ts";
import { addressOf, nodeAt, placeInRecord } from "./node-records.ts";
import type { PathStats } from "./path-stats.ts";
import type { PathTree } from "./path-tree.ts";
import { memberText } from "./text-order.ts";
import type { Host, ScanMemory } from "./scan-memory.ts";
import { finishHash } from "./tables.ts";
import type { TypeTable } from "./type-table.ts";
import {
  FRAMES,
  FRAME_BYTES,
  FRAME_LINK,
  FRAME_NODE,
  HOME,
  KEY_END,
  LENGTH,
  MAX_DEPTH,
  MAX_TAPE,
  MEMBERS_USED,
  NODE_COUNTS,
  NODE_NEXT,
  NODE_STAMP,
  NODE_TYPE_RANK,
  NO_NODE,
  OBJECT_NUMBER,
  PACKED_DIGITS,
  PREFIX_SHIFT,
  RANK,
  SILENT,
  TAPE,
  TYPE,
  WHOLE,
} from "./wasm/assembly/layout.ts";

/** The line is for the slow path. */
const ODD = -1;
const FRAME_COLUMNS = FRAME_BYTES >> 2;

export class LineContext implements Host {
  readonly #cells: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #tape: Int32Array;
  readonly #frames: Int32Array;
  readonly #keys: KeyTable;
  readonly #tree: PathTree;
  readonly #stats: PathStats;
  readonly #types: TypeTable;
  readonly #members = new MemberSet();
  /** The object last seen to be kept whole. */
  #wholeObject = 0;
  #mapped: number[] = [];

  constructor(memory: ScanMemory, keys: KeyTable, tree: PathTree, stats: PathStats, types: TypeTable) {
    this.#cells = memory.cells;
    this.#bytes = memory.bytes;
    this.#tape = memory.ints(TAPE, MAX_TAPE);
    this.#frames = memory.ints(FRAMES, (MAX_DEPTH + 1) * FRAME_COLUMNS);
    this.#keys = keys;
    this.#tree = tree;
    this.#stats = stats;
    this.#types = types;
    this.forgetMembers();
  }

  /** To be called when the tree was emptied. */
  forgetTrees(): void {
    this.#types.names.forEach((_, type) => {
      this.#types.roots[type] = 0;
      this.#types.forgetPrefix(type);
    });
  }

  forgetMembers(): void {
    this.#members.clear();
    this.#cells[MEMBERS_USED] = 0;
  }

  renumber(): void {
    this.#cells[OBJECT_NUMBER] = this.#wholeObject = 0;
    for (let node = 0; node < this.#tree.count; node++) this.#tree.records.set(node, NODE_STAMP, 0);
  }

  root(type: number): number {
    const { roots } = this.#types;
    if (roots[type] === 0) roots[type] = addressOf(this.#tree.newRoot());
    return roots[type]!;
  }

  elementsOf(node: number): number {
    return addressOf(this.#tree.elementsOf(nodeAt(node)));
  }

  typeOf(start: number, end: number): number {
    return this.#types.idOfBytes(start, end);
  }

  number(start: number): number {
    return readNumber(this.#bytes, start, (digits) => {
      this.#cells[PACKED_DIGITS] = digits;
    });
  }

  stringKind(start: number, end: number, length: number): number {
    return escapedStringKind(this.#bytes, start, end, length);
  }

  first(node: number): void {
    this.#stats.first(nodeAt(node));
  }

  keyText(node: number, to: number): number {
    const text = Buffer.from(memberText(this.#tree.name(nodeAt(node))));
    this.#bytes.set(text, to);
    return text.length;
  }

  /**
   * Looks up the key at `start` (after its opening quote) of the object with this number at `node`, which has `members` members with this
   * one and whose guess stood at `link`. Returns the key's node, NO_NODE's when it has none, or ODD: invalid, a duplicate, no address.
   */
  member(
    start: number,
    nodeAddress: number,
    link: number,
    object: number,
    members: number,
    depth: number,
  ): number {
    const bytes = this.#bytes;
    const node = nodeAt(nodeAddress);
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
      // Beyond the block there is nothing but zeros.
      if (c < 0x20) return ODD;
      together |= c;
      hash = Math.imul(hash ^ c, 0x01000193);
    }
    hash = finishHash(hash);
    this.#cells[KEY_END] = end;
    let key = this.#keys.find(bytes, start, end, hash);
    if (key === -1) {
      // A key that is nowhere yet and needs no node is not worth entering: an object with a key of its own in every line.
      const plain =
        together < 0x80 && !hasEscapes && depth > 1 && end > start && end - start <= MAX_KEY_BYTES;
      if (plain && this.#tree.isFull(node, this.#stats.isWhole(node), members)) {
        return this.#nameless(start, end, hash, node, object);
      }
      key = this.#keys.add(bytes, start, end, hash, hasEscapes);
    }
    if (key < 0) return ODD;
    key = this.#keys.meant[key]!;
    if (depth === 1 && this.#keys.system[key] === 1) return ODD;
    const found = this.#tree.member(node, key, this.#stats.isWhole(node), members);
    if (this.#tree.exhausted) return ODD;
    if (found !== NO_NODE) return this.#known(found, link, object);
    // Escapes would hide that two keys are the same.
    return hasEscapes ? ODD : this.#nameless(start, end, hash, node, object);
  }

  #known(found: number, link: number, object: number): number {
    const { records } = this.#tree;
    if (records.get(found, NODE_STAMP) === object) return ODD;
    records.set(found, NODE_STAMP, object);
    this.#tree.expect(link, found);
    return addressOf(found);
  }

  /** A member without a node: its object is kept whole, and only duplicates matter. */
  #nameless(start: number, end: number, hash: number, node: number, object: number): number {
    this.#cells[MEMBERS_USED] = 1;
    if (!this.#members.add(this.#bytes, start, end, hash, object)) return ODD;
    const counted = (this.#tree.flags(node) & SILENT) === 0 && !this.#stats.isWhole(node);
    if (counted && this.#wholeObject !== object) {
      this.#wholeObject = object;
      if (this.#length + 4 > MAX_TAPE) return ODD;
      this.#tape[this.#cells[LENGTH]!++] = addressOf(node) + NODE_COUNTS + WHOLE * 4;
    }
    return addressOf(NO_NODE);
  }

  get #length(): number {
    return this.#cells[LENGTH]!;
  }

  /** The event type is written with escapes between `start` and `end`. */
  escapedCandidate(node: number, start: number, end: number, depth: number): number {
    const name = unescaped(this.#bytes, start, end);
    if (!isEventType(name)) return 0;
    const type = this.#types.id(name);
    this.#cells[TYPE] = type;
    this.#cells[RANK] = this.#tree.records.get(nodeAt(node), NODE_TYPE_RANK);
    return this.#cells[HOME]! < 0 ? this.moveIn(type, depth) : 0;
  }

  moveIn(type: number, depth: number): number {
    const root = nodeAt(this.root(type));
    if (!this.#mapTape(type, root)) return 0;
    const tape = this.#tape;
    const { records } = this.#tree;
    for (let i = 0; i < this.#length; i++) {
      const [from, to] = [tape[i]!, this.#mapped[i]!];
      records.set(to, NODE_STAMP, records.get(nodeAt(from), NODE_STAMP));
      tape[i] = addressOf(to) + placeInRecord(from);
    }
    const frames = this.#frames;
    for (let at = FRAME_COLUMNS; at <= depth * FRAME_COLUMNS; at += FRAME_COLUMNS) {
      const [node, link] = [at + (FRAME_NODE >> 2), at + (FRAME_LINK >> 2)];
      frames[link] = addressOf(this.#map(nodeAt(frames[link]!), root)) + NODE_NEXT;
      frames[node] = addressOf(this.#map(nodeAt(frames[node]!), root));
    }
    this.#cells[HOME] = type;
    return 1;
  }

  /** Finds the nodes of the tape in the type's tree; false when some have none there because an object is whole. */
  #mapTape(type: number, root: number): boolean {
    const { prefixFrom, prefixTo } = this.#types;
    for (let i = 0; i < this.#length; i++) {
      const node = nodeAt(this.#tape[i]!);
      const at = (type << PREFIX_SHIFT) + i;
      if (i < 1 << PREFIX_SHIFT && prefixFrom[at] === addressOf(node)) {
        this.#mapped[i] = nodeAt(prefixTo[at]!);
        continue;
      }
      const to = this.#map(node, root);
      if (to === NO_NODE) return false;
      this.#mapped[i] = to;
      if (i >= 1 << PREFIX_SHIFT) continue;
      prefixFrom[at] = addressOf(node);
      prefixTo[at] = addressOf(to);
    }
    return true;
  }

  /**
   * Moves the tape of a whole line to the tree of its event type; values without a node there, because an object is whole, get NO_NODE.
   * 0 when some may have none for lack of room.
   */
  settle(): number {
    const type = this.#cells[TYPE]!;
    const root = nodeAt(this.root(type));
    for (let i = 0; i < this.#length; i++) {
      const from = this.#tape[i]!;
      this.#tape[i] = addressOf(this.#map(nodeAt(from), root)) + placeInRecord(from);
    }
    this.#cells[HOME] = type;
    return Number(!this.#tree.exhausted);
  }

  #map(node: number, root: number): number {
    const parent = this.#tree.parent(node);
    if (parent === NO_NODE) return root;
    const above = this.#map(parent, root);
    return this.#tree.member(above, this.#tree.key(node), this.#stats.isWhole(above), 0);
  }
}
