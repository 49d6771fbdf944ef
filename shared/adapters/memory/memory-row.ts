// From a part's line to a row: every value in the first of its path's columns that fits, or in `_lr_rescued`.
import { EVENT_TYPE_MEMBER, LINE_MEMBER, RESCUED_MEMBER, SOURCE_MEMBER } from "../../contracts/words.ts";
import type { CatalogColumn, Path, TableLoadPlan } from "../../schema/types.ts";
import { fit, isObject, jsonText, parseDocument, type NumberText } from "./memory-values.ts";

export interface MemoryRow {
  readonly source: string;
  readonly line: number;
  readonly eventType: string;
  /** Key of the unit that brought the row. */
  readonly unit: string;
  readonly values: ReadonlyMap<string, unknown>;
  readonly rescued: readonly { readonly p: string; readonly t: readonly string[] }[];
  /** How many of `rescued` this load put there. */
  readonly newlyRescued: number;
}

const SYSTEM_MEMBERS = [SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER, RESCUED_MEMBER];

/** Throws a plain Error saying why when the line does not go into the table as the plan (direct) promised. */
export function makeRow(line: string, unit: string, plan: TableLoadPlan): MemoryRow {
  const document = parseDocument(line);
  const [source, number, eventType, before] = SYSTEM_MEMBERS.map((member) => document[member]);
  for (const member of SYSTEM_MEMBERS) delete document[member];
  const filler = new RowFiller(plan);
  filler.visit([], document, false);
  if (plan.mode === "direct" && filler.rescued.length > 0) {
    throw new Error(`the value at ${filler.rescued[0]!.p} has no column`);
  }
  const kept = JSON.parse(jsonText(before ?? [])) as MemoryRow["rescued"];
  return {
    source: source as string,
    line: Number((number as NumberText).text),
    eventType: eventType as string,
    unit,
    values: filler.values,
    rescued: [...kept, ...filler.rescued],
    newlyRescued: filler.rescued.length,
  };
}

class RowFiller {
  readonly values = new Map<string, unknown>();
  readonly rescued: { p: string; t: string[] }[] = [];
  readonly #columns = new Map<string, CatalogColumn[]>();
  readonly #excluded: ReadonlySet<string>;
  readonly #hashed: ReadonlySet<string>;

  constructor(plan: TableLoadPlan) {
    for (const column of plan.columns) {
      const path = JSON.stringify(column.path);
      this.#columns.set(path, [...(this.#columns.get(path) ?? []), column]);
    }
    this.#excluded = new Set(plan.exclude.map((path) => JSON.stringify(path)));
    this.#hashed = new Set(plan.hash.map((path) => JSON.stringify(path)));
  }

  /** `covered`: an object above is stored whole, so that the value is kept whether it has a column or not. */
  visit(path: Path, value: unknown, covered: boolean): void {
    const key = JSON.stringify(path);
    if (this.#excluded.has(key) || value === null || value === undefined) return;
    if (isObject(value) && Object.keys(value).length === 0) return;
    const columns = this.#columns.get(key) ?? [];
    const column = columns.find((candidate) => fit(value, candidate.type) !== undefined);
    if (column) this.values.set(column.column, this.#stored(path, value, column));
    if (this.#hashed.has(key)) return;
    if (isObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        this.visit([...path, name], member, covered || column !== undefined);
      }
    } else if (!column && !covered) {
      this.rescued.push({ p: key, t: [jsonText(value)] });
    }
  }

  #stored(path: Path, value: unknown, column: CatalogColumn): unknown {
    return column.type === "json" ? this.#withoutHidden(path, value) : fit(value, column.type);
  }

  /** What is excluded or only hashed is not to be read inside an object kept whole either. */
  #withoutHidden(path: Path, value: unknown): unknown {
    if (!isObject(value) || (this.#excluded.size === 0 && this.#hashed.size === 0)) return value;
    const kept = Object.entries(value).flatMap(([name, member]) => {
      const below = [...path, name];
      const key = JSON.stringify(below);
      if (this.#excluded.has(key) || this.#hashed.has(key)) return [];
      return [[name, this.#withoutHidden(below, member)] as const];
    });
    return Object.fromEntries(kept);
  }
}
