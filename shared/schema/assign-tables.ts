// Which table an event type's rows go to. A table once given to an event type stays; the catch-all table alone is decided anew each time.
import { routeFor } from "../config/route-for.ts";
import type { Config } from "../config/schema.ts";
import { OTHER_EVENT_TYPE } from "../contracts/words.ts";
import { Names, tableName } from "./names.ts";
import type { Catalog } from "./types.ts";

export interface TableAssignment {
  readonly table: string;
  /** The catalog does not have the table yet. */
  readonly isNew: boolean;
  readonly catchAll: boolean;
  /** The event type is beyond `max_event_types`: it goes to the catch-all table for now, worth a warning. */
  readonly overflow: boolean;
}

/**
 * The tables of event types that are to be loaded together. The same catalog and the same event types give the same tables.
 *
 * An event type in the catalog keeps its table. A route with `table` gives that table, joining it where it exists; an event type that
 * is named exactly like a table of a route joins that table. A route with `catch_all`, `_lr_other`, and types beyond `max_event_types`
 * (counted without the routed ones, in order of their names) go to the catch-all table and are not written into the catalog. All others
 * get a table of their own, whose name is not taken by another, by a table that the catalog does not know, or by the catch-all table.
 */
export function assignTables(
  eventTypes: Iterable<string>,
  catalog: Catalog,
  config: Config,
): ReadonlyMap<string, TableAssignment> {
  const assigned = new Map<string, TableAssignment>();
  const fresh: string[] = [];
  for (const eventType of [...new Set(eventTypes)].sort()) {
    const table = catalog.tableOf.get(eventType);
    if (table === undefined || eventType === OTHER_EVENT_TYPE) fresh.push(eventType);
    else {
      const catchAll = catalog.tables.get(table)?.catchAll ?? false;
      assigned.set(eventType, { table, isNew: false, catchAll, overflow: false });
    }
  }
  const names = new Names([...catalog.tables.keys(), ...catalog.foreignTables]);
  const catchAll = catchAllTable(catalog, config, names);
  const own = joinRouted(fresh, catalog, config, names, catchAll, assigned);
  let count = ownTypes(catalog, config);
  for (const eventType of own) {
    const overflow = count++ >= config.tables.max_event_types;
    const table = { table: overflow ? "" : names.take(tableName(eventType)), isNew: true, catchAll: false };
    assigned.set(eventType, overflow ? { ...catchAll, overflow } : { ...table, overflow });
  }
  return assigned;
}

/** The table of one event type; `others` are those planned together with it, so that new names differ. */
export function tableFor(
  eventType: string,
  catalog: Catalog,
  config: Config,
  others: Iterable<string> = [],
): TableAssignment {
  return assignTables([eventType, ...others], catalog, config).get(eventType)!;
}

/** Assigns what routes decide; returns the event types that are left, in order. */
function joinRouted(
  fresh: readonly string[],
  catalog: Catalog,
  config: Config,
  names: Names,
  catchAll: TableAssignment,
  assigned: Map<string, TableAssignment>,
): string[] {
  const routed = new Map<string, TableAssignment>();
  const own: string[] = [];
  for (const eventType of fresh) {
    const route = routeFor(config, eventType);
    const target = routedTable(eventType, config);
    if (eventType === OTHER_EVENT_TYPE || (route?.catch_all && target === undefined)) {
      assigned.set(eventType, catchAll);
    } else if (target === undefined) own.push(eventType);
    else {
      const known = routed.get(target) ?? sharedTable(target, catalog, config, names, catchAll);
      routed.set(target, known);
      assigned.set(eventType, known);
    }
  }
  return own;
}

/** The `table` that routes give an event type, by a rule or by being named like it. */
function routedTable(eventType: string, config: Config): string | undefined {
  const route = routeFor(config, eventType);
  if (route?.table !== undefined) return route.table;
  if (route?.catch_all) return undefined;
  return config.routes.some(({ table }) => table === eventType) ? eventType : undefined;
}

function sharedTable(
  target: string,
  catalog: Catalog,
  config: Config,
  names: Names,
  catchAll: TableAssignment,
): TableAssignment {
  const wanted = tableName(target);
  if (wanted === catchAll.table) return catchAll;
  const known = [...catalog.tables.values()].find(
    ({ table, catchAll, eventTypes }) =>
      !catchAll &&
      (table === wanted ||
        (isNumbered(table, wanted) && eventTypes.some((name) => routedTable(name, config) === target))),
  );
  const table = known?.table ?? names.take(wanted);
  return { table, isNew: known === undefined, catchAll: false, overflow: false };
}

/** True for the name with a number behind it, as `Names` gives out when the name is taken. */
function isNumbered(name: string, wanted: string): boolean {
  return name.startsWith(`${wanted}_`) && /^\d+$/.test(name.slice(wanted.length + 1));
}

/** There is one catch-all table; a later change of its name in the configuration does not move it. Its name is taken from the start. */
function catchAllTable(catalog: Catalog, config: Config, names: Names): TableAssignment {
  const known = [...catalog.tables.values()].find(({ catchAll }) => catchAll);
  const table = known?.table ?? names.take(tableName(config.tables.catch_all_table));
  return { table, isNew: known === undefined, catchAll: true, overflow: false };
}

/** Event types that count towards `max_event_types`: those with a table of their own. */
function ownTypes(catalog: Catalog, config: Config): number {
  let count = 0;
  for (const [eventType, table] of catalog.tableOf) {
    const shared = catalog.tables.get(table)?.catchAll || routedTable(eventType, config) !== undefined;
    if (!shared) count++;
  }
  return count;
}
