// The shapes of the rows so far: counted in the trees, and, for lines that went by the slow path or were counted before the trees were emptied,
// as they are.
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { mergeShape, type Shape } from "../../../shared/shape/shape.ts";
import { asBuffer } from "../frame/copy-bytes.ts";
import { nodeAt } from "./node-records.ts";
import { NodesByRoot } from "./nodes-by-root.ts";
import { PathStats } from "./path-stats.ts";
import type { PathTree } from "./path-tree.ts";
import type { ScanMemory } from "./scan-memory.ts";
import { putInOrder } from "./text-order.ts";
import type { TypeTable } from "./type-table.ts";
import { NODE_SEEN, OUT } from "./wasm/assembly/layout.ts";

const COMMA = 0x2c;

export class GatheredShapes {
  readonly stats: PathStats;
  readonly #tree: PathTree;
  readonly #types: TypeTable;
  readonly #memory: ScanMemory;
  /** How many nodes the trees had when their members were last put in order. */
  #inOrder = 0;
  #shapes = new Map<string, Shape>();
  /** Made when first needed, while the trees do not change. */
  #nodes: NodesByRoot | undefined;
  /** Set when the last shapes are being taken. */
  #isEnding = false;
  /** Event types whose last shapes were taken. */
  readonly #handedOver = new Set<string>();

  constructor(memory: ScanMemory, tree: PathTree, types: TypeTable) {
    this.#memory = memory;
    this.#tree = tree;
    this.#types = types;
    this.stats = new PathStats(tree);
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
    this.#inOrder = 0;
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
      const text = this.#treeText(eventType);
      if (text === undefined) {
        for (const [, shape] of this.last([eventType])) yield [eventType, JSON.stringify(shapeToJson(shape))];
      } else {
        this.#handedOver.add(eventType);
        yield [eventType, text];
      }
    }
  }

  /** As `BlockScanner.lastTypeTexts`. */
  lastTypeTexts(eventTypes: readonly string[], lines: Uint32Array): Uint8Array | undefined {
    this.#isEnding = true;
    const { bytes, module } = this.#memory;
    let at = OUT;
    for (let i = 0; i < eventTypes.length; i++) {
      const eventType = eventTypes[i]!;
      const root = this.#readableRoot(eventType);
      if (root === 0) return undefined;
      const { start, length } = this.#types.nameText(eventType);
      if (i > 0) bytes[at++] = COMMA;
      at = module.typeText(root, start, length, lines[i]!, at);
      if (at === 0) return undefined;
    }
    for (const eventType of eventTypes) this.#handedOver.add(eventType);
    return bytes.subarray(OUT, at);
  }

  /** Begins anew with trees that have counted nothing. What they look like stays. */
  startOver(): void {
    this.#memory.module.forget(this.#tree.count);
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
    const root = this.#readableRoot(eventType);
    if (root === 0) return undefined;
    const { bytes, module } = this.#memory;
    const end = module.shapeText(root, OUT);
    return end === 0 ? undefined : asBuffer(bytes).toString("utf8", OUT, end);
  }

  /** Address of the root of a tree that has all that was seen of an event type, its members in order; 0 when there is none. */
  #readableRoot(eventType: string): number {
    const root = this.#shapes.has(eventType) || this.#handedOver.has(eventType) ? 0 : this.#rootOf(eventType);
    if (root === 0 || !this.#tree.records.flag(nodeAt(root), NODE_SEEN)) return 0;
    if (this.#inOrder !== this.#tree.count) putInOrder(this.#tree);
    this.#inOrder = this.#tree.count;
    return root;
  }

  /** Address of the root of an event type's tree, 0 when it has none. */
  #rootOf(eventType: string): number {
    const type = this.#types.known(eventType);
    return type === undefined ? 0 : this.#types.roots[type]!;
  }
}
