// What a job is made of, as the statements of its transaction need it.
import { OTHER_EVENT_TYPE } from "../../contracts/words.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { LoadJob, LoadUnit } from "../../ports/warehouse.ts";
import type { TableLoadPlan } from "../../schema/types.ts";
import { unitText } from "../source-rules.ts";
import type { PartCompression } from "./read-parts.ts";

/** Parts that one statement reads: one table, one compression, either of single types or of the shared type, mixed or not. */
export interface PartGroup {
  readonly plan: TableLoadPlan;
  readonly compression: PartCompression;
  readonly files: readonly string[];
  /** Event types whose lines are wanted; undefined: every line of these parts (they belong to `_lr_other`, lines keep their own type). */
  readonly eventTypes: readonly string[] | undefined;
  /** These parts have lines of other tables, too, whose values are of any type: a typed reader would stumble over them. */
  readonly isMixed: boolean;
}

export function allUnits(job: LoadJob): LoadUnit[] {
  return job.tables.flatMap((table) => table.units);
}

/** Throws INTERNAL when a unit is there twice, which would load it twice. */
export function requireDistinct(units: readonly LoadUnit[]): void {
  const texts = new Set(units.map(unitText));
  if (texts.size < units.length)
    throw new RouterError("INTERNAL", "a load job names a unit twice", { details: { units: units.length } });
}

export function partGroups(
  { plan, units }: LoadJob["tables"][number],
  partPath: (key: string) => string,
): PartGroup[] {
  const groups: PartGroup[] = [];
  for (const isOther of [false, true]) {
    const members = units.filter((unit) => (unit.eventType === OTHER_EVENT_TYPE) === isOther);
    const eventTypes = isOther ? undefined : [...new Set(members.map((unit) => unit.eventType))];
    const parts = members.flatMap((unit) => unit.parts);
    for (const isMixed of [false, true]) {
      for (const compression of ["zstd", "gzip"] as const) {
        const some = parts.filter(
          (part) => part.compression === compression && (part.mixedLines !== undefined) === isMixed,
        );
        // A part that several units name is read once.
        const files = [...new Set(some.map((part) => part.key))].map(partPath);
        if (files.length > 0) groups.push({ plan, compression, files, eventTypes, isMixed });
      }
    }
  }
  return groups;
}

const text = (sourceId: string, eventType: string): string => JSON.stringify([sourceId, eventType]);

/** The unit that a row with this source and event type belongs to. */
export function unitFinder(
  units: readonly LoadUnit[],
): (sourceId: string, eventType: string) => LoadUnit | undefined {
  const byText = new Map(units.map((unit) => [text(unit.sourceId, unit.eventType), unit]));
  return (sourceId, eventType) =>
    byText.get(text(sourceId, eventType)) ?? byText.get(text(sourceId, OTHER_EVENT_TYPE));
}
