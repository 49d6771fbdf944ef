// Which column takes which value: the checked way, for whole documents (staged) and for the parts of a document that DuckDB's typed
// reader would not read exactly (direct). A value goes to the first of its path's columns that fits it; what none takes is left over.
import type { CatalogColumn, Path } from "../../schema/types.ts";
import { checkedCast } from "./checked-casts.ts";
import { membersOf, withoutMembers } from "./json-path.ts";
import type { LayeredQuery } from "./layered-query.ts";
import type { PathNode } from "./path-tree.ts";
import { droppedBelow } from "./path-tree.ts";

export interface Placed {
  /** Column → name of its expression. */
  readonly columns: Map<string, string>;
  /** Values that no column took: NULL where there is none. */
  readonly leftovers: { readonly path: Path; readonly name: string }[];
  /** Objects with members that the plan does not know: NULL where there are none. `known` are the keys that it does. */
  readonly strangers: { readonly path: Path; readonly name: string; readonly known: readonly string[] }[];
}

interface Walk {
  readonly node: PathNode;
  /** Name of the value as JSON text, NULL when absent. */
  readonly value: string;
  /** A json column above has the value whole: nothing below is left over. */
  readonly covered: boolean;
}

/**
 * Adds to `query` what places the values at `starts` and below. `systemKeys`: members of the root that are not data.
 */
export function placeValues(
  query: LayeredQuery,
  starts: readonly { readonly node: PathNode; readonly value: string }[],
  systemKeys: readonly string[],
): Placed {
  const placed: Placed = { columns: new Map(), leftovers: [], strangers: [] };
  let level: Walk[] = starts.map((start) => ({ ...start, covered: false }));
  while (level.length > 0) {
    const lists = level.map((walk) => ({ walk, list: defineMembers(query, walk, systemKeys) }));
    for (const walk of level) defineColumns(query, placed, walk, systemKeys);
    query.next();
    level = lists.flatMap(({ walk, list }) => defineChildren(query, placed, walk, list, systemKeys));
    query.next();
  }
  return placed;
}

function knownKeys(node: PathNode, systemKeys: readonly string[]): string[] {
  return node.path.length === 0 ? [...node.children.keys(), ...systemKeys] : [...node.children.keys()];
}

function defineMembers(
  query: LayeredQuery,
  { node, value }: Walk,
  systemKeys: readonly string[],
): string | undefined {
  if (node.children.size === 0 && node.path.length > 0) return undefined;
  return query.define(membersOf(value, knownKeys(node, systemKeys)));
}

/** The columns at this path, and the value itself where none takes it. */
function defineColumns(query: LayeredQuery, placed: Placed, walk: Walk, systemKeys: readonly string[]): void {
  const { node, value } = walk;
  const taken: string[] = [];
  for (const column of node.columns) {
    const cast = columnCast(column, walk, systemKeys);
    const untaken = taken.map((expression) => `${expression} IS NULL`);
    const expression = untaken.length === 0 ? cast : `CASE WHEN ${untaken.join(" AND ")} THEN ${cast} END`;
    // Siblings look at each other's cast again instead of at a name of this layer; DuckDB works equal expressions out once.
    taken.push(`(${cast})`);
    placed.columns.set(column.column, query.define(expression));
  }
  if (walk.covered || node.dropped || node.path.length === 0) return;
  const isLeft = [
    `${value} IS NOT NULL`,
    ...taken.map((expression) => `${expression} IS NULL`),
    ...(node.children.size > 0 ? [`NOT starts_with(${value}, '{')`] : []),
  ].join(" AND ");
  placed.leftovers.push({ path: node.path, name: query.define(`CASE WHEN ${isLeft} THEN ${value} END`) });
}

function columnCast(column: CatalogColumn, { node, value }: Walk, systemKeys: readonly string[]): string {
  if (column.type !== "json") return checkedCast(value, column.type);
  const without = node.path.length === 0 ? systemKeys.map((key) => [key]) : [];
  return checkedCast(`(${withoutMembers(value, [...without, ...droppedBelow(node)])})`, "json");
}

/** Values of the members for the next level, and the object itself where it has members that the plan does not know. */
function defineChildren(
  query: LayeredQuery,
  placed: Placed,
  { node, value, covered }: Walk,
  list: string | undefined,
  systemKeys: readonly string[],
): Walk[] {
  if (list === undefined) return [];
  const whole = covered || node.columns.some((column) => column.type === "json");
  if (!whole) {
    // Keys are unique in a part's objects, so counting finds strangers without naming them.
    const name = query.define(
      `CASE WHEN starts_with(${value}, '{') AND len(json_keys(${value})) > list_count(${list}) THEN ${value} END`,
    );
    placed.strangers.push({ path: node.path, name, known: knownKeys(node, systemKeys) });
  }
  return [...node.children.values()]
    .map((child, index) => ({ child, index }))
    .filter(({ child }) => child.dropped !== "exclude")
    .map(({ child, index }) => ({
      node: child,
      value: query.define(`lr_present(${list}[${index + 1}]::VARCHAR)`),
      covered: whole,
    }));
}
