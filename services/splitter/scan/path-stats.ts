// What was seen at each path of the kept lines: counters and limits in columns beside the nodes of the path tree, and the shapes made of
// them when they are taken.
import { addFloats, addIntegers, addStrings, Shape } from "../../../shared/shape/shape.ts";
import { KIND } from "./kinds.ts";
import type { NodeRecords } from "./node-records.ts";
import type { PathTree } from "./path-tree.ts";
import {
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

export class PathStats {
  readonly #tree: PathTree;
  readonly #records: NodeRecords;

  constructor(tree: PathTree) {
    this.#tree = tree;
    this.#records = tree.records;
  }

  /** True when the objects at a node are kept whole. */
  isWhole(node: number): boolean {
    return this.#records.flag(node, NODE_WHOLE);
  }

  /** Called when a kind is first met at a node. */
  first(node: number): void {
    const records = this.#records;
    if (node === NO_NODE || records.flag(node, NODE_SEEN)) return;
    records.raise(node, NODE_SEEN);
    const parent = this.#tree.parent(node);
    if (parent === NO_NODE) return;
    const distinct = records.get(parent, NODE_DISTINCT) + 1;
    records.set(parent, NODE_DISTINCT, distinct);
    if (distinct > this.#tree.limit(parent)) records.raise(parent, NODE_WHOLE);
  }

  /** The shape of one tree, whose nodes are given with parents before their members; undefined when nothing was seen. */
  shape(nodes: Iterable<number>): Shape | undefined {
    const tree = this.#tree;
    const made = new Map<number, Shape>();
    let root: Shape | undefined;
    for (const node of nodes) {
      if (!this.#records.flag(node, NODE_SEEN) || (tree.flags(node) & SILENT) !== 0) continue;
      const parent = tree.parent(node);
      const above = made.get(parent);
      if (parent !== NO_NODE && (!above || above.whole)) continue;
      const shape = this.#shape(node);
      made.set(node, shape);
      if (above) (above.keys ??= new Map()).set(tree.keys.name(tree.key(node)), shape);
      else root = shape;
    }
    return root;
  }

  #shape(node: number): Shape {
    const records = this.#records;
    // Counters are unsigned.
    const count = (kind: number) => records.get(node, NODE_COUNTS + kind * 4) >>> 0;
    const shape = new Shape();
    shape.nulls = count(KIND.NULL);
    shape.booleans = count(KIND.BOOLEAN);
    shape.timestamptz = count(KIND.TIMESTAMPTZ);
    shape.timestamps = count(KIND.TIMESTAMP);
    shape.dates = count(KIND.DATE);
    shape.objects = count(KIND.OBJECT);
    shape.arrays = count(KIND.ARRAY);
    shape.whole = this.isWhole(node);
    if (count(KIND.STRING) > 0) addStrings(shape, count(KIND.STRING), records.get(node, NODE_LONGEST));
    if (count(KIND.INTEGER) > 0) {
      addIntegers(
        shape,
        count(KIND.INTEGER),
        records.long(node, NODE_LEAST),
        records.long(node, NODE_GREATEST),
      );
    }
    if (count(KIND.FLOAT) > 0) {
      const digits = records.get(node, NODE_DIGITS);
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
