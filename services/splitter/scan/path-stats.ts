// What was seen at each path of the kept lines: counters and limits in columns beside the nodes of the path tree, and the shapes made of
// them when they are taken.
import { addFloats, addIntegers, addStrings, Shape } from "../../../shared/shape/shape.ts";
import { KIND } from "./kinds.ts";
import type { PathTree } from "./path-tree.ts";
import type { ScanMemory } from "./scan-memory.ts";
import {
  KIND_SHIFT,
  MAX_NODES,
  NODES_READY,
  NODE_COUNTS,
  NODE_DIGITS,
  NODE_DISTINCT,
  NODE_GREATEST,
  NODE_LEAST,
  NODE_LONGEST,
  NODE_SEEN,
  NODE_WHOLE,
  NO_NODE,
  SILENT,
} from "./wasm/assembly/layout.ts";

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

export class PathStats {
  readonly #tree: PathTree;
  readonly #cells: Int32Array;
  /** 1 when something was counted at the node. */
  readonly #seen: Uint8Array;
  /** 1 when the objects there are kept whole. */
  readonly whole: Uint8Array;
  /** Distinct keys seen in the objects there. */
  readonly #distinct: Int32Array;
  /** Of node n and kind k at n × 16 + k. */
  readonly #counts: Uint32Array;
  readonly #longest: Int32Array;
  readonly #least: BigInt64Array;
  readonly #greatest: BigInt64Array;
  readonly #digits: Int32Array;

  constructor(memory: ScanMemory, tree: PathTree) {
    this.#tree = tree;
    this.#cells = memory.cells;
    this.#seen = memory.octets(NODE_SEEN, MAX_NODES);
    this.whole = memory.octets(NODE_WHOLE, MAX_NODES);
    this.#distinct = memory.ints(NODE_DISTINCT, MAX_NODES);
    this.#counts = memory.counters(NODE_COUNTS, MAX_NODES << KIND_SHIFT);
    this.#longest = memory.ints(NODE_LONGEST, MAX_NODES);
    this.#least = memory.longs(NODE_LEAST, MAX_NODES);
    this.#greatest = memory.longs(NODE_GREATEST, MAX_NODES);
    this.#digits = memory.ints(NODE_DIGITS, MAX_NODES);
    this.clear();
  }

  /** Sets the statistics of new nodes up. */
  prepare(): void {
    const [ready, count] = [this.#cells[NODES_READY]!, this.#tree.count];
    this.#seen.fill(0, ready, count);
    this.whole.fill(0, ready, count);
    this.#distinct.fill(0, ready, count);
    this.#counts.fill(0, ready << KIND_SHIFT, count << KIND_SHIFT);
    this.#longest.fill(-1, ready, count);
    this.#least.fill(GREATEST, ready, count);
    this.#greatest.fill(LEAST, ready, count);
    this.#digits.fill(0, ready, count);
    this.#cells[NODES_READY] = count;
  }

  /** Forgets what was seen, at all nodes. */
  clear(): void {
    this.#cells[NODES_READY] = 0;
    this.prepare();
  }

  /** Called when a kind is first met at a node. */
  first(node: number): void {
    if (node === NO_NODE || this.#seen[node] === 1) return;
    this.#seen[node] = 1;
    const parent = this.#tree.parent[node]!;
    if (parent !== NO_NODE && ++this.#distinct[parent]! > this.#tree.limit(parent)) this.whole[parent] = 1;
  }

  /** The shape of one tree, whose nodes are given with parents before their members; undefined when nothing was seen. */
  shape(nodes: Iterable<number>): Shape | undefined {
    this.prepare();
    const tree = this.#tree;
    const made = new Map<number, Shape>();
    let root: Shape | undefined;
    for (const node of nodes) {
      if (this.#seen[node] === 0 || (tree.flags(node) & SILENT) !== 0) continue;
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
    if (count(KIND.INTEGER) > 0) {
      addIntegers(shape, count(KIND.INTEGER), this.#least[node]!, this.#greatest[node]!);
    }
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
}
