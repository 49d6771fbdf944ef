// A job of several tables as loads that run side by side, where the warehouse is faster so. Each is a transaction of its own.
import type { LoadJob } from "../../shared/ports/warehouse.ts";

type JobTable = LoadJob["tables"][number];

/** Less than this, compressed, is loaded in no time: a second transaction would cost more than it gains. */
const MIN_BYTES = 2 * 1024 ** 2;
/** A staged load costs about four direct ones. */
const STAGED_COST = 4;

/** Tables in at most `atOnce` groups of about the same work; one group when there is little to do. Empty groups are left out. */
export function divideTables(tables: readonly JobTable[], atOnce: number): readonly (readonly JobTable[])[] {
  const costs = tables.map((table) => ({ table, cost: costOf(table) }));
  const bytes = tables.reduce((sum, table) => sum + bytesOf(table), 0);
  if (atOnce < 2 || bytes < MIN_BYTES) return [tables];
  const groups = Array.from({ length: Math.min(atOnce, tables.length) }, () => ({
    tables: [] as JobTable[],
    cost: 0,
  }));
  for (const { table, cost } of costs.toSorted((a, b) => b.cost - a.cost)) {
    const least = groups.reduce((a, b) => (b.cost < a.cost ? b : a));
    least.tables.push(table);
    least.cost += cost;
  }
  return groups.map((group) => group.tables);
}

function costOf(table: JobTable): number {
  return bytesOf(table) * (table.plan.mode === "staged" ? STAGED_COST : 1);
}

function bytesOf({ units }: JobTable): number {
  return units.reduce((sum, { parts }) => sum + parts.reduce((bytes, part) => bytes + part.bytes, 0), 0);
}
