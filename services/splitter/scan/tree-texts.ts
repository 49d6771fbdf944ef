// The JSON text of a tree's shape, straight from the records: what `shapeToJson` would give, without the thousands of objects on the way. The order of
// keys and their text are remembered for as long as the trees have no new nodes: small sources one after the other mostly have the same.
import { wireKey } from "../../../shared/shape/shape-json.ts";
import { KIND } from "./kinds.ts";
import type { PathStats } from "./path-stats.ts";
import type { PathTree } from "./path-tree.ts";
import {
  NODE_COUNTS,
  NODE_DIGITS,
  NODE_GREATEST,
  NODE_LEAST,
  NODE_LONGEST,
  SILENT,
} from "./wasm/assembly/layout.ts";

export class TreeTexts {
  readonly #tree: PathTree;
  readonly #stats: PathStats;
  /** How many nodes the trees had when their members were last put in order. */
  #nodes = 0;
  /** Of each node, its members in the order of the text. */
  #members: (readonly number[] | undefined)[] = [];
  /** Of each node, its key as a member: `"key":`. */
  #keys: string[] = [];

  constructor(tree: PathTree, stats: PathStats) {
    this.#tree = tree;
    this.#stats = stats;
  }

  /** The JSON text of the shape of the tree with this root; undefined when nothing was seen. */
  text(root: number): string | undefined {
    if (!this.#stats.isSeen(root)) return undefined;
    if (this.#nodes !== this.#tree.count) this.#putInOrder();
    return this.#text(root);
  }

  /** To be called when the trees were emptied. */
  forget(): void {
    this.#nodes = 0;
  }

  #text(node: number): string {
    const isWhole = this.#stats.isWhole(node);
    const text =
      this.#count(node, KIND.NULL, "null") +
      this.#count(node, KIND.BOOLEAN, "boolean") +
      this.#integers(node) +
      this.#floats(node) +
      this.#strings(node) +
      this.#count(node, KIND.TIMESTAMPTZ, "timestamptz") +
      this.#count(node, KIND.TIMESTAMP, "timestamp") +
      this.#count(node, KIND.DATE, "date") +
      this.#count(node, KIND.OBJECT, "object") +
      this.#count(node, KIND.ARRAY, "array") +
      (isWhole ? ',"whole":true' : this.#keysText(node));
    return `{${text.slice(1)}}`;
  }

  #keysText(node: number): string {
    let text = "";
    const members = this.#members[node];
    if (!members) return text;
    for (const member of members)
      if (this.#stats.isSeen(member))
        text += `${text === "" ? "" : ","}${this.#keys[member]!}${this.#text(member)}`;
    return text === "" ? "" : `,"keys":{${text}}`;
  }

  #count(node: number, kind: number, name: string): string {
    const count = this.#counted(node, kind);
    return count === 0 ? "" : `,"${name}":${count}`;
  }

  #integers(node: number): string {
    const count = this.#counted(node, KIND.INTEGER);
    if (count === 0) return "";
    const { records } = this.#tree;
    return `,"integer":{"count":${count},"min":"${records.long(node, NODE_LEAST)}","max":"${records.long(node, NODE_GREATEST)}"}`;
  }

  #floats(node: number): string {
    const count = this.#counted(node, KIND.FLOAT);
    if (count === 0) return "";
    const digits = this.#tree.records.get(node, NODE_DIGITS);
    return `,"float":{"count":${count},"integer_digits":${digits >> 20},"scale":${(digits >> 10) & 1023},"significant_digits":${digits & 1023}}`;
  }

  #strings(node: number): string {
    const count = this.#counted(node, KIND.STRING);
    if (count === 0) return "";
    return `,"string":{"count":${count},"bytes":${this.#tree.records.get(node, NODE_LONGEST)}}`;
  }

  /** Counters are unsigned. */
  #counted(node: number, kind: number): number {
    return this.#tree.records.get(node, NODE_COUNTS + kind * 4) >>> 0;
  }

  #putInOrder(): void {
    const tree = this.#tree;
    const members: number[][] = [];
    const names: string[] = [];
    this.#keys = [];
    for (let node = 1; node < tree.count; node++) {
      const isMember = tree.key(node) !== 0 && (tree.flags(node) & SILENT) === 0;
      if (!isMember) continue;
      names[node] = tree.keys.name(tree.key(node));
      this.#keys[node] = `${JSON.stringify(wireKey(names[node]!))}:`;
      (members[tree.parent(node)] ??= []).push(node);
    }
    this.#members = members.map((of) => inOrder(of, names));
    this.#nodes = tree.count;
  }
}

/** As JSON.stringify has the members of an object to which they were added by ascending key: array indexes go first. */
function inOrder(nodes: readonly number[], names: readonly string[]): readonly number[] {
  const sorted = [...nodes].sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
  const byKey = new Map(sorted.map((node) => [wireKey(names[node]!), node]));
  return Object.keys(Object.fromEntries(byKey)).map((key) => byKey.get(key)!);
}
