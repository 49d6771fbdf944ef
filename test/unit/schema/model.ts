// A warehouse in memory that does what a plan says, by the rules of fits.ts: what the plans are tried out on.
import { storeValue } from "../../../shared/schema/fits.ts";
import {
  type ExactJson,
  type ExactObject,
  formatExact,
  isExactObject,
  parseExact,
} from "../../../shared/schema/exact-json.ts";
import { pathKey, startsWithPath } from "../../../shared/schema/names.ts";
import { isAbsent } from "../../../shared/schema/fits.ts";
import type { RescuedValue } from "../../../shared/schema/rebuild.ts";
import type {
  Catalog,
  CatalogColumn,
  CatalogTable,
  ColumnType,
  Path,
  TableChange,
  TableLoadPlan,
} from "../../../shared/schema/types.ts";

export interface Row {
  readonly columns: Record<string, ExactJson>;
  readonly rescued: RescuedValue[];
}

export function emptyCatalog(foreignTables: readonly string[] = []): Catalog {
  return { version: "0", tables: new Map(), tableOf: new Map(), foreignTables: new Set(foreignTables) };
}

/** A catalog with one table of one event type of the same name. */
export function catalogOf(
  table: string,
  columns: Readonly<Record<string, readonly [ColumnType, ...string[]]>>,
): Catalog {
  const change: TableChange = {
    table,
    create: true,
    catchAll: false,
    eventTypes: [table],
    addColumns: Object.entries(columns).map(([column, [type, ...path]]) => ({ column, type, path })),
    widen: [],
    rewrite: [],
  };
  return applyChange(emptyCatalog(), change);
}

/** The catalog after the change; throws where a warehouse would refuse. */
export function applyChange(catalog: Catalog, change: TableChange | undefined): Catalog {
  if (!change) return catalog;
  const known = catalog.tables.get(change.table);
  if (change.create === (known !== undefined))
    throw new Error(`table ${change.table} create: ${change.create}`);
  const columns = (known?.columns ?? []).map((column) => ({ ...column, type: changedType(column, change) }));
  for (const added of change.addColumns) {
    const taken = columns.some(({ column }) => column.toLowerCase() === added.column.toLowerCase());
    if (taken) throw new Error(`column ${added.column} is there already`);
    columns.push({ ...added, addedAt: new Date(1) });
  }
  const table: CatalogTable = {
    table: change.table,
    eventTypes: [...(known?.eventTypes ?? []), ...change.eventTypes],
    createdAt: new Date(1),
    columns,
    catchAll: change.catchAll,
  };
  return {
    ...catalog,
    version: `${catalog.version}+`,
    tables: new Map([...catalog.tables, [table.table, table]]),
    tableOf: new Map([
      ...catalog.tableOf,
      ...change.eventTypes.map((name): [string, string] => [name, table.table]),
    ]),
  };
}

function changedType({ column, type }: CatalogColumn, change: TableChange): ColumnType {
  const changed = [...change.widen, ...change.rewrite].find((one) => one.column === column);
  if (changed && changed.from !== type) throw new Error(`column ${column} is ${type}, not ${changed.from}`);
  return changed?.to ?? type;
}

/** Staged: every value goes to the first column of its path that takes it, else to a json column above, else it is rescued. */
export function loadStaged(plan: TableLoadPlan, document: ExactObject): Row {
  const row: Row = { columns: {}, rescued: [] };
  const at = Map.groupBy(plan.columns, ({ path }) => pathKey(path));
  const visit = (path: Path, value: ExactJson, covered: boolean): void => {
    if (plan.exclude.some((excluded) => pathKey(excluded) === pathKey(path)) || isAbsent(value)) return;
    const hashed = plan.hash.some((hashed) => pathKey(hashed) === pathKey(path));
    const json = formatExact(hashed ? value : without(plan, path, value));
    let stored: CatalogColumn | undefined;
    for (const column of at.get(pathKey(path)) ?? []) {
      const result = storeValue(column.type, json);
      if (typeof result !== "object") continue;
      row.columns[column.column] = parseExact(result.stored);
      stored = column;
      break;
    }
    if (hashed) return;
    if (isExactObject(value)) {
      for (const [key, member] of value) visit([...path, key], member, covered || stored?.type === "json");
    } else if (!stored && !covered) row.rescued.push({ p: pathKey(path), t: [json] });
  };
  visit([], document, false);
  return row;
}

/** Direct: each path into its column; throws where a bulk load would fail or lose something. */
export function loadDirect(plan: TableLoadPlan, document: ExactObject): Row {
  const row: Row = { columns: {}, rescued: [] };
  for (const { path, type, column } of plan.columns) {
    const value = valueAt(document, path);
    if (value === undefined || value === null || (type === "json" && isAbsent(value))) continue;
    const result = storeValue(type, formatExact(value));
    if (typeof result !== "object") throw new Error(`${formatExact(value)} in ${column} ${type}: ${result}`);
    row.columns[column] = parseExact(result.stored);
  }
  return row;
}

export function valueAt(document: ExactJson, path: Path): ExactJson | undefined {
  let at: ExactJson | undefined = document;
  for (const key of path) at = isExactObject(at) ? at.get(key) : undefined;
  return at;
}

/** The value at `path` without what is excluded or hashed below it. */
export function without(
  plan: Pick<TableLoadPlan, "exclude" | "hash">,
  path: Path,
  value: ExactJson,
): ExactJson {
  const taken = [...plan.exclude, ...plan.hash].filter((one) => startsWithPath(one, path));
  if (taken.length === 0 || !isExactObject(value)) return value;
  const members = [...value].filter(
    ([key]) => !taken.some((one) => pathKey(one) === pathKey([...path, key])),
  );
  return new Map(members.map(([key, member]) => [key, without(plan, [...path, key], member)]));
}
