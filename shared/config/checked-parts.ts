// A configuration in which some parts may be wrong: what is right is still checked across settings, so that all problems come at once.
import type { z } from "zod";
import type { SettingPath } from "./problem.ts";
import {
  configSchema,
  routeSchema,
  sourceRuleSchema,
  type Config,
  type Route,
  type SourceRule,
} from "./schema.ts";

export interface Item<T> {
  readonly path: SettingPath;
  readonly value: T;
  /** As written, before defaults. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface CheckedParts {
  /** Every top-level setting that is valid by itself; defaults for those not written. */
  readonly valid: Partial<Config>;
  /** Valid rules only; an item's path has its index in the file. */
  readonly sources: readonly Item<SourceRule>[];
  readonly routes: readonly Item<Route>[];
}

/** Parses each top-level setting, and each rule, by itself. */
export function checkedParts(raw: Readonly<Record<string, unknown>>): CheckedParts {
  const valid: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries<z.ZodType>(configSchema.shape)) {
    const parsed = schema.safeParse(raw[key]);
    if (parsed.success) valid[key] = parsed.data;
  }
  return {
    valid,
    sources: itemsOf("sources", raw["sources"], sourceRuleSchema),
    routes: itemsOf("routes", raw["routes"], routeSchema),
  };
}

function itemsOf<T>(key: string, list: unknown, schema: z.ZodType<T>): Item<T>[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((raw: unknown, index) => {
    const parsed = schema.safeParse(raw);
    return parsed.success ? [{ path: [key, index], value: parsed.data, raw: { ...Object(raw) } }] : [];
  });
}
