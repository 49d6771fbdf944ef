// Which nodes belong to which tree of the forest, for reading one tree after the other.
import type { PathTree } from "./path-tree.ts";
import { NO_NODE } from "./wasm/assembly/layout.ts";

export class NodesByRoot {
  /** The first node of each root's list, and the one after each node. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;

  /** The tree must not change any more. */
  constructor(tree: PathTree) {
    const { count } = tree;
    this.#first = new Int32Array(count);
    this.#next = new Int32Array(count);
    const root = new Int32Array(count);
    for (let node = 1; node < count; node++) {
      const parent = tree.parent(node);
      root[node] = parent === NO_NODE ? node : root[parent]!;
    }
    for (let node = count - 1; node > 0; node--) {
      this.#next[node] = this.#first[root[node]!]!;
      this.#first[root[node]!] = node;
    }
  }

  /** The nodes of the tree with this root, parents before their members. */
  *of(root: number): Generator<number, void, undefined> {
    for (let node = this.#first[root]!; node !== NO_NODE; node = this.#next[node]!) yield node;
  }
}
