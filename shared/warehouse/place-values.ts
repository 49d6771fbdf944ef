// Which column takes which value of a document, worked out value by value with shared/schema/fits.ts: every value in the first of its path's
// columns that fits, or in `_lr_rescued`.
import { MAX_STRING_BYTES } from "../contracts/words.ts";
import { formatExact, isExactObject, parseExact, type ExactJson } from "../schema/exact-json.ts";
import { isAbsent, storerOf, type StoreResult } from "../schema/fits.ts";
import type { Path, TableLoadPlan } from "../schema/types.ts";

/** An entry of `_lr_rescued`. */
export interface RescuedValue {
  readonly p: string;
  readonly t: readonly string[];
}

/** What one document becomes. */
export interface PlacedRow {
  /** JSON text by column name. */
  readonly values: ReadonlyMap<string, string>;
  /** Values that no column took. */
  readonly rescued: readonly RescuedValue[];
}

/** A path of the plan: above, at or below its columns and hidden paths. */
interface PlanNode {
  readonly columns: {
    readonly column: string;
    readonly isJson: boolean;
    readonly store: (value: ExactJson) => StoreResult;
  }[];
  readonly children: Map<string, PlanNode>;
  isExcluded: boolean;
  isHashed: boolean;
  /** Something below is excluded or only hashed. */
  hidesBelow: boolean;
}

const createNode = (): PlanNode => ({
  columns: [],
  children: new Map(),
  isExcluded: false,
  isHashed: false,
  hidesBelow: false,
});

function nodeAt(root: PlanNode, path: Path, hides = false): PlanNode {
  let node = root;
  for (const key of path) {
    if (hides) node.hidesBelow = true;
    let child = node.children.get(key);
    if (!child) node.children.set(key, (child = createNode()));
    node = child;
  }
  return node;
}

/** Places documents by one plan. */
export class ValuePlacer {
  #values = new Map<string, string>();
  #rescued: RescuedValue[] = [];
  readonly #root = createNode();

  constructor(plan: TableLoadPlan) {
    for (const { path, column, type } of plan.columns)
      nodeAt(this.#root, path).columns.push({ column, isJson: type === "json", store: storerOf(type) });
    for (const path of plan.exclude) nodeAt(this.#root, path, true).isExcluded = true;
    for (const path of plan.hash) nodeAt(this.#root, path, true).isHashed = true;
  }

  /** The document without the line's system members. */
  place(document: ExactJson): PlacedRow {
    this.#values = new Map();
    this.#rescued = [];
    this.#visit(this.#root, [], document, false);
    return { values: this.#values, rescued: this.#rescued };
  }

  /** `covered`: an object above is stored whole, so that the value is kept whether it has a column or not. */
  #visit(node: PlanNode | undefined, path: Path, value: ExactJson, covered: boolean): void {
    if (node?.isExcluded || isAbsent(value)) return;
    const stored = node !== undefined && this.#store(node, value);
    if (node?.isHashed) return;
    // What has no path of the plan below it is kept or rescued whole; the line itself never is.
    const goesOn = node !== undefined && (node.children.size > 0 || path.length === 0);
    if (goesOn && isExactObject(value)) {
      for (const [name, member] of value)
        this.#visit(node.children.get(name), [...path, name], member, covered || stored);
    } else if (!stored && !covered) {
      this.#rescued.push({ p: JSON.stringify(path), t: piecesOf(formatExact(value)) });
    }
  }

  #store(node: PlanNode, value: ExactJson): boolean {
    for (const { column, isJson, store } of node.columns) {
      const result = store(isJson ? withoutHidden(node, value) : value);
      if (typeof result !== "object") continue;
      this.#values.set(column, result.stored);
      return true;
    }
    return false;
  }

  /** What the line had rescued, without what is excluded or only hashed. */
  withoutDropped(entries: readonly RescuedValue[]): RescuedValue[] {
    if (!this.#root.hidesBelow) return [...entries];
    return entries.flatMap(({ p, t }) => {
      let node: PlanNode | undefined = this.#root;
      for (const step of stepsOf(p)) {
        // An index is no key: plans do not go into arrays.
        node = typeof step === "string" ? node?.children.get(step) : undefined;
        if (node?.isExcluded || node?.isHashed) return [];
      }
      // What is no JSON (an inexact number) has no members to hide.
      const text = t.join("");
      if (!node?.hidesBelow || !text.startsWith("{")) return [{ p, t }];
      return [{ p, t: piecesOf(formatExact(withoutHidden(node, parseExact(text)))) }];
    });
  }
}

function stepsOf(p: string): readonly unknown[] {
  const steps: unknown = JSON.parse(p);
  return Array.isArray(steps) ? steps : [];
}

/** What is excluded or only hashed is not to be read inside an object kept whole either. */
function withoutHidden(node: PlanNode | undefined, value: ExactJson): ExactJson {
  if (!node?.hidesBelow || !isExactObject(value)) return value;
  const kept = new Map<string, ExactJson>();
  for (const [name, member] of value) {
    const child = node.children.get(name);
    if (!child?.isExcluded && !child?.isHashed) kept.set(name, withoutHidden(child, member));
  }
  return kept;
}

/** JSON text in ASCII, in pieces that every warehouse takes as strings. */
function piecesOf(json: string): string[] {
  const ascii = json.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const pieces: string[] = [];
  for (let at = 0; at < ascii.length; at += MAX_STRING_BYTES)
    pieces.push(ascii.slice(at, at + MAX_STRING_BYTES));
  return pieces;
}
