// The order of members in the text of a shape, as the module follows it from node to node. It stays as it is for as long as the trees have no new nodes:
// small sources one after the other mostly have the same.
import { wireKey } from "../../../shared/shape/shape-json.ts";
import { addressOf } from "./node-records.ts";
import type { PathTree } from "./path-tree.ts";
import { NODE_KEY_TEXT, NODE_TEXT_FIRST, NODE_TEXT_NEXT, SILENT } from "./wasm/assembly/layout.ts";

/** A member's key in a shape's text. */
export function memberText(name: string): string {
  return `${JSON.stringify(wireKey(name))}:`;
}

/** Puts the members of all nodes in order. */
export function putInOrder(tree: PathTree): void {
  const members: number[][] = [];
  for (let node = 1; node < tree.count; node++) {
    const isMember = tree.key(node) !== 0 && (tree.flags(node) & SILENT) === 0;
    if (isMember) (members[tree.parent(node)] ??= []).push(node);
  }
  members.forEach((nodes, parent) => link(tree, parent, nodes));
}

function link(tree: PathTree, parent: number, nodes: readonly number[]): void {
  const named = nodes.map((node) => [tree.name(node), node] as const);
  let [before, place] = [parent, NODE_TEXT_FIRST];
  for (const [name, node] of inOrder(named)) {
    const isWritten = tree.records.get(node, NODE_KEY_TEXT) !== 0 && wireKey(name) === name;
    tree.records.set(before, place, addressOf(node) + Number(!isWritten));
    [before, place] = [node, NODE_TEXT_NEXT];
  }
  tree.records.set(before, place, 0);
}

type Named = readonly [name: string, node: number];

/** As JSON.stringify has the members of an object to which they were added by ascending key: array indexes go first. */
function inOrder(named: readonly Named[]): readonly Named[] {
  const sorted = named.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const byKey = new Map(sorted.map((each) => [wireKey(each[0]), each]));
  return Object.keys(Object.fromEntries(byKey)).map((key) => byKey.get(key)!);
}
