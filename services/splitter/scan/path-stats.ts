// What was seen at each path of the kept lines: counters and limits in columns beside the nodes of the path tree, and the shapes made of
// them when they are taken.
import { addFloats, addIntegers, addStrings, Shape } from "../../../shared/shape/shape.ts";
import { NO_NODE, SILENT } from "./hot.ts";
import { KIND, KIND_SHIFT } from "./kinds.ts";
import { decimal } from "./number-bytes.ts";
import type { PathTree } from "./path-tree.ts";
import { larger } from "./tables.ts";

// Constants of this module are compiled in; imported ones are looked up.
const { STRING, INTEGER, FLOAT, BIG_INTEGER, WHOLE } = KIND;
const NODE_SHIFT: number = KIND_SHIFT;
const BILLION = 1e9;
const KIND_MASK = (1 << KIND_SHIFT) - 1;

/** Limits of integers beyond 15 digits: value = high × 10^9 + low, both parts with the value's sign. */
interface BigRange {
  minHigh: number;
  minLow: number;
  maxHigh: number;
  maxLow: number;
}

export class PathStats {
  readonly #tree: PathTree;
  /** 1 when something was counted at the node. */
  seen = new Uint8Array(256);
  /** 1 when the objects there are kept whole. */
  whole = new Uint8Array(256);
  /** Distinct keys seen in the objects there. */
  #distinct = new Int32Array(256);
  /** Of node n and kind k at n × 16 + k. */
  #counts = new Uint32Array(256 << KIND_SHIFT);
  #longest = new Int32Array(256);
  #least = new Float64Array(256);
  #greatest = new Float64Array(256);
  #digits = new Int32Array(256);
  /** Rare, therefore by node and not in columns. */
  readonly #big = new Map<number, BigRange>();
  /** Nodes whose statistics are set up. */
  #ready = 0;

  constructor(tree: PathTree) {
    this.#tree = tree;
  }

  /** Sets the statistics of new nodes up. */
  prepare(): void {
    const count = this.#tree.count;
    while (this.seen.length < count) this.#grow();
    this.seen.fill(0, this.#ready, count);
    this.whole.fill(0, this.#ready, count);
    this.#distinct.fill(0, this.#ready, count);
    this.#counts.fill(0, this.#ready << KIND_SHIFT, count << KIND_SHIFT);
    this.#longest.fill(-1, this.#ready, count);
    this.#least.fill(Number.POSITIVE_INFINITY, this.#ready, count);
    this.#greatest.fill(Number.NEGATIVE_INFINITY, this.#ready, count);
    this.#digits.fill(0, this.#ready, count);
    this.#ready = count;
  }

  /** Forgets what was seen, at all nodes. */
  clear(): void {
    this.#ready = 0;
    this.#big.clear();
    this.prepare();
  }

  /** Counts the values of one line: `tape[i]` is a node and a kind (node × 16 + kind; below 16 not to be counted), with its value. */
  add(length: number, tape: Int32Array, values: Float64Array, bytes: Uint8Array): void {
    if (this.#ready < this.#tree.count) this.prepare();
    const [counts, longest, least, greatest] = [this.#counts, this.#longest, this.#least, this.#greatest];
    for (let i = 0; i < length; i++) {
      const entry = tape[i]!;
      const count = counts[entry]!;
      counts[entry] = count + 1;
      const node = entry >> NODE_SHIFT;
      if (count === 0) this.#first(node);
      const kind = entry & KIND_MASK;
      if (kind === STRING) {
        const value = values[i]!;
        if (value > longest[node]!) longest[node] = value;
      } else if (kind === INTEGER) {
        const value = values[i]!;
        if (value < least[node]!) least[node] = value;
        if (value > greatest[node]!) greatest[node] = value;
      } else if (kind === FLOAT) this.#addDigits(node, values[i]!);
      else if (kind === BIG_INTEGER) this.#addBig(node, values[i]!, bytes);
      else if (kind === WHOLE) this.whole[node] = 1;
    }
  }

  /** Called when a kind is first met at a node. */
  #first(node: number): void {
    if (this.seen[node] === 1) return;
    this.seen[node] = 1;
    const parent = this.#tree.parent[node]!;
    if (parent !== NO_NODE && ++this.#distinct[parent]! > this.#tree.limit(parent)) this.whole[parent] = 1;
  }

  #addDigits(node: number, packed: number): void {
    const known = this.#digits[node]!;
    if (known === packed) return;
    const integerDigits = Math.max(known >> 20, packed >> 20);
    const scale = Math.max((known >> 10) & 1023, (packed >> 10) & 1023);
    this.#digits[node] = (integerDigits << 20) | (scale << 10) | Math.max(known & 1023, packed & 1023);
  }

  #addBig(node: number, at: number, bytes: Uint8Array): void {
    const negative = bytes[at] === 0x2d;
    const start = negative ? at + 1 : at;
    let end = start;
    while (bytes[end]! >= 0x30 && bytes[end]! <= 0x39) end++;
    const sign = negative ? -1 : 1;
    const [high, low] = [sign * decimal(bytes, start, end - 9), sign * decimal(bytes, end - 9, end)];
    const range = this.#big.get(node);
    if (!range) {
      this.#big.set(node, { minHigh: high, minLow: low, maxHigh: high, maxLow: low });
      return;
    }
    if (high < range.minHigh || (high === range.minHigh && low < range.minLow)) {
      range.minHigh = high;
      range.minLow = low;
    }
    if (high > range.maxHigh || (high === range.maxHigh && low > range.maxLow)) {
      range.maxHigh = high;
      range.maxLow = low;
    }
  }

  /** The shape of one tree, whose nodes are given with parents before their members; undefined when nothing was seen. */
  shape(nodes: Iterable<number>): Shape | undefined {
    this.prepare();
    const tree = this.#tree;
    const made = new Map<number, Shape>();
    let root: Shape | undefined;
    for (const node of nodes) {
      if (this.seen[node] === 0 || (tree.flags(node) & SILENT) !== 0) continue;
      const parent = tree.parent[node]!;
      const above = made.get(parent);
      if (parent !== NO_NODE && (!above || above.whole)) continue;
      const shape = this.#shape(node);
      made.set(node, shape);
      if (above) (above.keys ??= new Map()).set(tree.keys.name(tree.key[node]!), shape);
      else root = shape;
    }
    return root;
  }

  #shape(node: number): Shape {
    const count = (kind: number) => this.#counts[(node << KIND_SHIFT) + kind]!;
    const shape = new Shape();
    shape.nulls = count(KIND.NULL);
    shape.booleans = count(KIND.BOOLEAN);
    shape.timestamptz = count(KIND.TIMESTAMPTZ);
    shape.timestamps = count(KIND.TIMESTAMP);
    shape.dates = count(KIND.DATE);
    shape.objects = count(KIND.OBJECT);
    shape.arrays = count(KIND.ARRAY);
    shape.whole = this.whole[node] === 1;
    if (count(KIND.STRING) > 0) addStrings(shape, count(KIND.STRING), this.#longest[node]!);
    if (count(KIND.INTEGER) + count(KIND.BIG_INTEGER) > 0)
      this.#integers(shape, node, count(KIND.INTEGER) + count(KIND.BIG_INTEGER));
    if (count(KIND.FLOAT) > 0) {
      const digits = this.#digits[node]!;
      addFloats(shape, {
        count: count(KIND.FLOAT),
        integerDigits: digits >> 20,
        scale: (digits >> 10) & 1023,
        significantDigits: digits & 1023,
      });
    }
    return shape;
  }

  #integers(shape: Shape, node: number, count: number): void {
    const limits: bigint[] = [];
    if (this.#least[node]! <= this.#greatest[node]!)
      limits.push(BigInt(this.#least[node]!), BigInt(this.#greatest[node]!));
    const big = this.#big.get(node);
    if (big) limits.push(exact(big.minHigh, big.minLow), exact(big.maxHigh, big.maxLow));
    const sorted = limits.toSorted((a, b) => (a < b ? -1 : Number(a > b)));
    addIntegers(shape, count, sorted[0]!, sorted.at(-1)!);
  }

  #grow(): void {
    this.seen = larger(this.seen);
    this.whole = larger(this.whole);
    this.#distinct = larger(this.#distinct);
    this.#counts = larger(this.#counts);
    this.#longest = larger(this.#longest);
    this.#least = larger(this.#least);
    this.#greatest = larger(this.#greatest);
    this.#digits = larger(this.#digits);
  }
}

function exact(high: number, low: number): bigint {
  return BigInt(high) * BigInt(BILLION) + BigInt(low);
}
