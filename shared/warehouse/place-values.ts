// Which column takes which value of a document, worked out value by value with shared/schema/fits.ts: every value in the first of its path's
// columns that fits, or in `_lr_rescued`.
import { MAX_STRING_BYTES } from "../contracts/words.ts";
import { formatExact, isExactObject, parseExact, type ExactJson } from "../schema/exact-json.ts";
import { isAbsent, storeExact } from "../schema/fits.ts";
import type { CatalogColumn, Path, TableLoadPlan } from "../schema/types.ts";

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

const ROOT = "[]";

/** Places documents by one plan. */
export class ValuePlacer {
  #values = new Map<string, string>();
  #rescued: RescuedValue[] = [];
  readonly #columns = new Map<string, CatalogColumn[]>();
  readonly #excluded: ReadonlySet<string>;
  readonly #hashed: ReadonlySet<string>;
  /** Paths above columns and hidden paths, the root always: what is not here is kept or rescued whole. */
  readonly #above = new Set([ROOT]);

  constructor(plan: TableLoadPlan) {
    for (const column of plan.columns) {
      const path = JSON.stringify(column.path);
      this.#columns.set(path, [...(this.#columns.get(path) ?? []), column]);
    }
    this.#excluded = new Set(plan.exclude.map((path) => JSON.stringify(path)));
    this.#hashed = new Set(plan.hash.map((path) => JSON.stringify(path)));
    for (const path of [...plan.columns.map((column) => column.path), ...plan.exclude, ...plan.hash]) {
      path.forEach((_, depth) => this.#above.add(JSON.stringify(path.slice(0, depth))));
    }
  }

  /** The document without the line's system members. */
  place(document: ExactJson): PlacedRow {
    this.#values = new Map();
    this.#rescued = [];
    this.#visit([], document, false);
    return { values: this.#values, rescued: this.#rescued };
  }

  /** `covered`: an object above is stored whole, so that the value is kept whether it has a column or not. */
  #visit(path: Path, value: ExactJson, covered: boolean): void {
    const key = JSON.stringify(path);
    if (this.#excluded.has(key) || isAbsent(value)) return;
    const stored = this.#store(key, path, value);
    if (this.#hashed.has(key)) return;
    if (isExactObject(value) && this.#above.has(key)) {
      for (const [name, member] of value) this.#visit([...path, name], member, covered || stored);
    } else if (!stored && !covered) {
      this.#rescued.push({ p: key, t: piecesOf(formatExact(value)) });
    }
  }

  #store(key: string, path: Path, value: ExactJson): boolean {
    for (const column of this.#columns.get(key) ?? []) {
      const shown = column.type === "json" ? this.#withoutHidden(path, value) : value;
      const result = storeExact(column.type, shown);
      if (typeof result !== "object") continue;
      this.#values.set(column.column, result.stored);
      return true;
    }
    return false;
  }

  /** What the line had rescued, without what is excluded or only hashed. */
  withoutDropped(entries: readonly RescuedValue[]): RescuedValue[] {
    if (this.#excluded.size + this.#hashed.size === 0) return [...entries];
    return entries.flatMap(({ p, t }) => {
      const path: string[] = JSON.parse(p);
      const isDropped = path.some((_, depth) => this.#isHidden(path.slice(0, depth + 1)));
      if (isDropped) return [];
      // What is no JSON (an inexact number) has no members to hide.
      const text = t.join("");
      return [
        {
          p,
          t: text.startsWith("{") ? piecesOf(formatExact(this.#withoutHidden(path, parseExact(text)))) : t,
        },
      ];
    });
  }

  #isHidden(path: Path): boolean {
    const key = JSON.stringify(path);
    return this.#excluded.has(key) || this.#hashed.has(key);
  }

  /** What is excluded or only hashed is not to be read inside an object kept whole either. */
  #withoutHidden(path: Path, value: ExactJson): ExactJson {
    if (!isExactObject(value)) return value;
    const kept = new Map<string, ExactJson>();
    for (const [name, member] of value) {
      const below = [...path, name];
      if (!this.#isHidden(below)) kept.set(name, this.#withoutHidden(below, member));
    }
    return kept;
  }
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
