// The shapes of the rows so far: counted in the trees, and, for lines that went by the slow path or were counted before the trees were emptied,
// as they are.
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { mergeShape, type Shape } from "../../../shared/shape/shape.ts";
import { nodeAt } from "./node-records.ts";
import { NodesByRoot } from "./nodes-by-root.ts";
import { PathStats } from "./path-stats.ts";
import type { PathTree } from "./path-tree.ts";
import { TreeTexts } from "./tree-texts.ts";
import type { TypeTable } from "./type-table.ts";

export class GatheredShapes {
  readonly stats: PathStats;
  readonly #tree: PathTree;
  readonly #types: TypeTable;
  readonly #texts: TreeTexts;
  #shapes = new Map<string, Shape>();
  /** Made when first needed, while the trees do not change. */
  #nodes: NodesByRoot | undefined;
  /** Set when the last shapes are being taken. */
  #isEnding = false;
  /** Event types whose last shapes were taken. */
  readonly #handedOver = new Set<string>();

  constructor(tree: PathTree, types: TypeTable) {
    this.#tree = tree;
    this.#types = types;
    this.stats = new PathStats(tree);
    this.#texts = new TreeTexts(tree, this.stats);
  }

  /** True when the last shapes are being taken: nothing may be counted any more. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Adds the shape of a line. */
  add(eventType: string, shape: Shape): void {
    const known = this.#shapes.get(eventType);
    if (known) mergeShape(known, shape, this.#tree.keysPerDepth);
    else this.#shapes.set(eventType, shape);
  }

  /** Turns what the trees have counted into shapes; the trees are to be emptied then. */
  addTrees(): void {
    for (const eventType of this.#types.names) this.#addTree(eventType);
    this.#nodes = undefined;
    this.#texts.forget();
  }

  /** All that were added. */
  take(): Map<string, Shape> {
    const taken = this.#shapes;
    this.#shapes = new Map();
    return taken;
  }

  /** As `BlockScanner.lastShapes`. */
  *last(eventTypes?: readonly string[]): Generator<[string, Shape], void, undefined> {
    this.#isEnding = true;
    for (const eventType of eventTypes ?? new Set([...this.#types.names, ...this.#shapes.keys()])) {
      if (this.#handedOver.has(eventType)) continue;
      this.#handedOver.add(eventType);
      this.#addTree(eventType);
      const shape = this.#shapes.get(eventType);
      if (shape) yield [eventType, shape];
      this.#shapes.delete(eventType);
    }
  }

  /** As `BlockScanner.lastShapeTexts`. */
  *lastTexts(eventTypes: readonly string[]): Generator<[string, string], void, undefined> {
    this.#isEnding = true;
    for (const eventType of eventTypes) {
      const text = this.#shapes.has(eventType) ? undefined : this.#treeText(eventType);
      if (text === undefined) {
        for (const [, shape] of this.last([eventType])) yield [eventType, JSON.stringify(shapeToJson(shape))];
      } else if (!this.#handedOver.has(eventType)) {
        this.#handedOver.add(eventType);
        yield [eventType, text];
      }
    }
  }

  /** Begins anew with trees that have counted nothing. What they look like stays. */
  startOver(): void {
    this.stats.forget();
    this.#shapes = new Map();
    this.#nodes = undefined;
    this.#isEnding = false;
    this.#handedOver.clear();
  }

  #addTree(eventType: string): void {
    const root = this.#rootOf(eventType);
    if (root === 0) return;
    this.#nodes ??= new NodesByRoot(this.#tree);
    const shape = this.stats.shape(this.#nodes.of(nodeAt(root)));
    if (shape) this.add(eventType, shape);
  }

  #treeText(eventType: string): string | undefined {
    const root = this.#rootOf(eventType);
    return root === 0 ? undefined : this.#texts.text(nodeAt(root));
  }

  /** Address of the root of an event type's tree, 0 when it has none. */
  #rootOf(eventType: string): number {
    const type = this.#types.known(eventType);
    return type === undefined ? 0 : this.#types.roots[type]!;
  }
}
