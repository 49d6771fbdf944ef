// The plan's columns and dropped paths as a tree of keys, which is how a document is walked.
import type { CatalogColumn, Path, TableLoadPlan } from "../../schema/types.ts";

export interface PathNode {
  readonly path: Path;
  /** Columns at this path, siblings in catalog order. */
  readonly columns: CatalogColumn[];
  readonly children: Map<string, PathNode>;
  /** Set by the plan's `exclude` and `hash`: the value itself is stored nowhere. Nothing lies below. */
  dropped?: "exclude" | "hash";
}

const createNode = (path: Path): PathNode => ({ path, columns: [], children: new Map() });

function nodeAt(root: PathNode, path: Path): PathNode {
  let node = root;
  for (const [depth, key] of path.entries()) {
    let child = node.children.get(key);
    if (!child) node.children.set(key, (child = createNode(path.slice(0, depth + 1))));
    node = child;
  }
  return node;
}

/** The root, path `[]`. Columns below a dropped path are left out, they can hold nothing. */
export function pathTree(plan: Pick<TableLoadPlan, "columns" | "exclude" | "hash">): PathNode {
  const root = createNode([]);
  for (const column of plan.columns) nodeAt(root, column.path).columns.push(column);
  for (const path of plan.hash) drop(nodeAt(root, path), "hash");
  for (const path of plan.exclude) drop(nodeAt(root, path), "exclude");
  return root;
}

function drop(node: PathNode, dropped: "exclude" | "hash"): void {
  node.dropped = dropped;
  node.children.clear();
  const kept = dropped === "hash" ? node.columns.filter((column) => column.type === "hash") : [];
  node.columns.splice(0, node.columns.length, ...kept);
}

/** Dropped paths strictly below `node`, relative to it. */
export function droppedBelow(node: PathNode): Path[] {
  const found: Path[] = [];
  const walk = (at: PathNode, relative: Path): void => {
    for (const [key, child] of at.children) {
      const path = [...relative, key];
      if (child.dropped) found.push(path);
      else walk(child, path);
    }
  };
  walk(node, []);
  return found;
}

/** True when some column at or below the node is to be filled. */
export function hasColumns(node: PathNode): boolean {
  return node.columns.length > 0 || [...node.children.values()].some(hasColumns);
}
