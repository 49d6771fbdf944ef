// From a part's line to a row: every value in the first of its path's columns that fits, or in `_lr_rescued`.
import { EVENT_TYPE_MEMBER, LINE_MEMBER, RESCUED_MEMBER, SOURCE_MEMBER } from "../../contracts/words.ts";
import {
  ExactNumber,
  formatExact,
  isExactObject,
  parseExact,
  type ExactJson,
} from "../../schema/exact-json.ts";
import type { TableLoadPlan } from "../../schema/types.ts";
import { type RescuedValue, ValuePlacer } from "../../warehouse/place-values.ts";

const SYSTEM_MEMBERS = [SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER, RESCUED_MEMBER] as const;

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
  const placer = new ValuePlacer(plan);
  const placed = placer.place(document);
  if (plan.mode === "direct" && placed.rescued.length > 0) {
    throw new Error(`the value at ${placed.rescued[0]!.p} fits no column`);
  }
  const brought: RescuedValue[] = JSON.parse(formatExact(before ?? []));
  return {
    source: text(source),
    line: Number(text(number)),
    eventType: text(eventType),
    unit,
    values: placed.values,
    rescued: [...placer.withoutDropped(brought), ...placed.rescued],
    newlyRescued: placed.rescued.length,
  };
}

function text(value: ExactJson | undefined): string {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === "string") return value;
  throw new Error("a system member is missing");
}
