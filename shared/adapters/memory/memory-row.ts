// From a part's line to a row: every value in the first of its path's columns that fits, or in `_lr_rescued`.
import { EVENT_TYPE_MEMBER, LINE_MEMBER, RESCUED_MEMBER, SOURCE_MEMBER } from "../../contracts/words.ts";
import {
  ExactNumber,
  formatExact,
  isExactObject,
  parseExact,
  type ExactJson,
} from "../../schema/exact-json.ts";
import { isAbsent, storeValue } from "../../schema/fits.ts";
import type { CatalogColumn, Path, TableLoadPlan } from "../../schema/types.ts";

const SYSTEM_MEMBERS = [SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER, RESCUED_MEMBER] as const;

export interface RescuedValue {
  readonly p: string;
  readonly t: readonly string[];
}

export interface MemoryRow {
  readonly source: string;
  readonly line: number;
  readonly eventType: string;
  /** Key of the unit that brought the row. */
  readonly unit: string;
  /** JSON text by column name. */
  readonly values: ReadonlyMap<string, string>;
  readonly rescued: readonly RescuedValue[];
  /** How many of `rescued` this load put there. */
  readonly newlyRescued: number;
}

/** Throws a plain Error saying why when the line does not go into the table as the plan (direct) promised. */
export function makeRow(line: string, unit: string, plan: TableLoadPlan): MemoryRow {
  const parsed = parseExact(line);
  if (!isExactObject(parsed)) throw new Error("the line is not an object");
  const document = new Map(parsed);
  const [source, number, eventType, before] = SYSTEM_MEMBERS.map((member) => document.get(member));
  for (const member of SYSTEM_MEMBERS) document.delete(member);
  const filler = new RowFiller(plan);
  filler.visit([], document, false);
  if (plan.mode === "direct" && filler.rescued.length > 0) {
    throw new Error(`the value at ${filler.rescued[0]!.p} fits no column`);
  }
  const brought: RescuedValue[] = JSON.parse(formatExact(before ?? []));
  return {
    source: text(source),
    line: Number(text(number)),
    eventType: text(eventType),
    unit,
    values: filler.values,
    rescued: [...filler.withoutDropped(brought), ...filler.rescued],
    newlyRescued: filler.rescued.length,
  };
}

function text(value: ExactJson | undefined): string {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === "string") return value;
  throw new Error("a system member is missing");
}

const ROOT = "[]";

class RowFiller {
  readonly values = new Map<string, string>();
  readonly rescued: RescuedValue[] = [];
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

  /** `covered`: an object above is stored whole, so that the value is kept whether it has a column or not. */
  visit(path: Path, value: ExactJson, covered: boolean): void {
    const key = JSON.stringify(path);
    if (this.#excluded.has(key) || isAbsent(value)) return;
    const stored = this.#store(key, path, value);
    if (this.#hashed.has(key)) return;
    if (isExactObject(value) && this.#above.has(key)) {
      for (const [name, member] of value) this.visit([...path, name], member, covered || stored);
    } else if (!stored && !covered) {
      this.rescued.push({ p: key, t: [formatExact(value)] });
    }
  }

  #store(key: string, path: Path, value: ExactJson): boolean {
    for (const column of this.#columns.get(key) ?? []) {
      const shown = column.type === "json" ? this.#withoutHidden(path, value) : value;
      const result = storeValue(column.type, formatExact(shown));
      if (typeof result !== "object") continue;
      this.values.set(column.column, result.stored);
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
        { p, t: text.startsWith("{") ? [formatExact(this.#withoutHidden(path, parseExact(text)))] : t },
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
