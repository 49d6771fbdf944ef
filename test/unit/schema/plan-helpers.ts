// What the tests of plans have in common.
import { configSchema } from "../../../shared/config/schema.ts";
import { type PlanInput, planTable, type TablePlan } from "../../../shared/schema/plan-table.ts";
import type { Catalog } from "../../../shared/schema/types.ts";
import { emptyCatalog } from "./model.ts";
import { shapeOf } from "./shape-of.ts";

export function plan(
  documents: readonly string[],
  catalog: Catalog = emptyCatalog(),
  config: Record<string, unknown> = {},
  more: Partial<PlanInput> = {},
): TablePlan {
  return planTable({
    eventTypes: ["e"],
    shape: shapeOf(documents),
    catalog,
    config: configSchema.parse(config),
    table: { table: "e", catchAll: false },
    normalised: false,
    ...more,
  });
}

/** An object with more keys than a shape lists. */
export function many(prefix: string): string {
  const members = Array.from({ length: 30 }, (_, index) => [`${prefix}${index}`, index]);
  return JSON.stringify(Object.fromEntries(members));
}

/** Column → type of what a plan adds. */
export function added({ change }: TablePlan): Record<string, string> {
  return Object.fromEntries((change?.addColumns ?? []).map(({ column, type }) => [column, type]));
}

export function filled({ plan }: TablePlan): string[] {
  return plan.columns.map(({ column }) => column);
}
