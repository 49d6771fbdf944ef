// Rules that a route, and all routes together, must keep.
import type { CheckedParts, Item } from "./checked-parts.ts";
import { checkTableName } from "./check-names.ts";
import type { Finding } from "./problem.ts";
import type { Route } from "./schema.ts";

const FATES = ["table", "drop", "quarantine", "catch_all"] as const;

export function checkRoutes({ routes, valid }: CheckedParts): Finding[] {
  return routes.flatMap((route, index) => [
    ...checkFate(route),
    ...checkTable(route, valid.tables?.catch_all_table),
    ...checkReached(route, routes.slice(0, index)),
  ]);
}

function checkFate({ path, value }: Item<Route>): Finding[] {
  const written = FATES.filter((fate) => value[fate] !== undefined);
  if (written.length < 2) return [];
  const problem = `has ${written.join(" and ")}, but lines can only go one way`;
  return [{ path, problem, fix: `Keep one of ${written.join(", ")}.` }];
}

function checkTable({ path, value }: Item<Route>, catchAllTable: string | undefined): Finding[] {
  if (value.table === undefined) return [];
  const at = [...path, "table"];
  if (value.table === catchAllTable) {
    const problem = "is the catch-all table, which keeps lines whole";
    return [{ path: at, problem, fix: "Write catch_all: true instead, or another table." }];
  }
  return checkTableName(at, value.table);
}

/** A route behind one that takes everything it could match is never reached: most likely the order is wrong. */
function checkReached({ path, value }: Item<Route>, earlier: readonly Item<Route>[]): Finding[] {
  const before = earlier.find(
    (route) => /^\*+$/.test(route.value.match) || route.value.match === value.match,
  );
  if (!before) return [];
  const problem = `is never reached, because routes[${before.path[1]}] (${before.value.match}) comes first`;
  return [{ path: [...path, "match"], problem, fix: "Put it in front of that one, or remove it." }];
}
