// The statements that bring the lines of parts into a table, direct or staged.
import {
  EVENT_TYPE_MEMBER,
  LINE_MEMBER,
  LOADED_AT_COLUMN,
  RESCUED_MEMBER,
  SOURCE_MEMBER,
} from "../../contracts/words.ts";
import { qualifiedName, quoteIdentifier } from "../sql/quote.ts";
import { membersOf } from "./json-path.ts";
import type { LayeredQuery } from "./layered-query.ts";
import { createLayeredQuery } from "./layered-query.ts";
import type { PartGroup } from "./job-units.ts";
import { droppedBelow, pathTree } from "./path-tree.ts";
import type { Placed } from "./place-values.ts";
import { placeValues } from "./place-values.ts";
import { readTyped, readWhole } from "./read-parts.ts";
import { leftoverEntries, ownEntries, strangerEntries } from "./rescue.ts";
import { count, text } from "./row-values.ts";
import type { Parameters, Session } from "./session.ts";
import { typedProjection } from "./typed-projection.ts";

/** Members of every line that are the splitter's, in the order in which the queries here name them. */
const SYSTEM_TYPES = new Map([
  [SOURCE_MEMBER, "VARCHAR"],
  [LINE_MEMBER, "BIGINT"],
  [EVENT_TYPE_MEMBER, "VARCHAR"],
  [RESCUED_MEMBER, "JSON"],
]);
const SYSTEM_KEYS = [...SYSTEM_TYPES.keys()];

/** Temporary table of the lines in quarantine: (source_id, line). Made by the caller when `hasRejected`. */
export const REJECTED_TABLE = "temp.main.lr_rejected";
const STAGED_TABLE = "temp.main.lr_staged";

export interface InsertContext {
  readonly session: Session;
  readonly eventSchema: string;
  readonly hasRejected: boolean;
}

/** Values newly rescued, by the source and event type of their lines. */
export type RescuedCounts = readonly { sourceId: string; eventType: string; rescued: number }[];

/** Names of a query's system values: source, line, event type, own rescued entries. */
interface SystemNames {
  readonly source: string;
  readonly line: string;
  readonly eventType: string;
  readonly rescued: string;
}

function defineSystem(query: LayeredQuery, of: (key: string, index: number) => string): SystemNames {
  const [source, line, eventType, rescued] = SYSTEM_KEYS.map((key, index) => query.define(of(key, index)));
  return { source: source!, line: line!, eventType: eventType!, rescued: rescued! };
}

/** Which lines of the parts are wanted. */
function condition(system: SystemNames, group: PartGroup, context: InsertContext): string {
  const terms = [];
  if (group.eventTypes?.length === 1) terms.push(`${system.eventType} = $eventType`);
  else if (group.eventTypes)
    terms.push(`(${system.source}, ${system.eventType}) IN (FROM temp.main.lr_wanted)`);
  if (context.hasRejected) terms.push(`(${system.source}, ${system.line}) NOT IN (FROM ${REJECTED_TABLE})`);
  return terms.length > 0 ? `WHERE ${terms.join(" AND ")}` : "";
}

function parameters(group: PartGroup): Parameters {
  const eventType = group.eventTypes?.length === 1 ? { eventType: group.eventTypes[0]! } : {};
  return { files: group.files, ...eventType };
}

/** Inserts the group's rows; returns what was rescued on the way. */
export async function insertGroup(context: InsertContext, group: PartGroup): Promise<RescuedCounts> {
  if (group.plan.mode === "staged") return insertStaged(context, group);
  await context.session.run(directStatement(context, group), parameters(group));
  return [];
}

/** `_lr_loaded_at` is the transaction's time, the same as its rows in `loads` have. */
function insertInto(context: InsertContext, table: string, columns: readonly string[]): string {
  const system = [SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER, LOADED_AT_COLUMN, RESCUED_MEMBER];
  const names = [...system, ...columns];
  return `INSERT INTO ${qualifiedName(context.eventSchema, table)} (${names.map(quoteIdentifier).join(", ")})`;
}

/** Exported for `explain` in benchmarks and tests. */
export function directStatement(context: InsertContext, group: PartGroup): string {
  const root = pathTree(group.plan);
  const typed = typedProjection(root, SYSTEM_TYPES);
  const query = createLayeredQuery(
    `FROM ${typed ? readTyped(group.compression, typed.members) : readWhole(group.compression)}`,
  );
  const columns = new Map<string, string>();
  let system: SystemNames;
  let placed: Placed;
  if (typed) {
    system = defineSystem(query, (key) => quoteIdentifier(key));
    for (const [column, expression] of typed.columns) columns.set(column, query.define(expression));
    const starts = typed.places.map(({ node, expression }) => ({
      node,
      value: query.define(`lr_present(${expression}::VARCHAR)`),
    }));
    if (starts.length > 0) query.next();
    placed = placeValues(query, starts, SYSTEM_KEYS);
  } else {
    ({ system, placed } = placeLines(query, root));
  }
  for (const [column, name] of placed.columns) columns.set(column, name);
  const misfit = [...placed.leftovers, ...placed.strangers].map(({ name }) => `${name} IS NOT NULL`);
  const own = ownEntries(system.rescued, droppedBelow(root));
  // Nothing may be left over where the shape said that everything fits: then the load is refused, and done again staged.
  const rescued =
    misfit.length > 0
      ? `CASE WHEN ${misfit.join(" OR ")} THEN error('a value fits no column of a direct load')::JSON ELSE ${own} END`
      : own;
  const values = [system.source, system.line, system.eventType, "now()", rescued, ...columns.values()];
  const inner = query.sql();
  return `${insertInto(context, group.plan.table, [...columns.keys()])}
SELECT ${values.join(", ")} FROM (${inner}) ${condition(system, group, context)}`;
}

/** Whole lines, everything by extraction. */
function placeLines(
  query: LayeredQuery,
  root: ReturnType<typeof pathTree>,
): { system: SystemNames; placed: Placed } {
  const list = query.define(membersOf("json", SYSTEM_KEYS));
  const line = query.define("json::VARCHAR");
  query.next();
  const system = defineSystem(query, (key, index) => {
    const member = `${list}[${index + 1}]`;
    if (key === RESCUED_MEMBER) return member;
    return key === LINE_MEMBER ? `${member}::BIGINT` : `${member} ->> '$'`;
  });
  return { system, placed: placeValues(query, [{ node: root, value: line }], SYSTEM_KEYS) };
}

/**
 * First every line's values into a temporary table, with what is left over; then into the table, with the members that the plan does not
 * know looked up in the few lines that have any.
 */
async function insertStaged(context: InsertContext, group: PartGroup): Promise<RescuedCounts> {
  const { session } = context;
  const root = pathTree(group.plan);
  const query = createLayeredQuery(`FROM ${readWhole(group.compression)}`);
  const { system, placed } = placeLines(query, root);
  const dropped = droppedBelow(root);
  const columns = [...placed.columns];
  const kept = [
    `${system.source} AS s1, ${system.line} AS s2, ${system.eventType} AS s3`,
    `${ownEntries(system.rescued, dropped)} AS own`,
    `${leftoverEntries(placed.leftovers)} AS leftover`,
    ...columns.map(([, name], index) => `${name} AS c${index}`),
    ...placed.strangers.map(({ name }, index) => `${name} AS o${index}`),
  ];
  const inner = query.sql();
  await session.run(
    `CREATE OR REPLACE TEMP TABLE ${STAGED_TABLE} AS SELECT ${kept.join(",\n  ")} FROM (${inner}) ${condition(system, group, context)}`,
    parameters(group),
  );
  await session.run(
    `CREATE OR REPLACE TEMP TABLE temp.main.lr_strangers AS ${strangerEntries(STAGED_TABLE, placed.strangers)}`,
  );
  await session.run(
    `${insertInto(
      context,
      group.plan.table,
      columns.map(([column]) => column),
    )}
     SELECT s1, s2, s3, now(),
       CASE WHEN leftover IS NULL AND n.entries IS NULL THEN own
         ELSE to_json(list_concat(from_json(own, '[{"p":"VARCHAR","t":["VARCHAR"]}]'), list_concat(leftover, n.entries))) END
       ${columns.map((_, index) => `, c${index}`).join("")}
     FROM ${STAGED_TABLE} AS l LEFT JOIN temp.main.lr_strangers AS n ON n.line = l.rowid`,
  );
  const counts = await session.rows(
    `SELECT s1, s3, sum(coalesce(len(leftover), 0) + coalesce(len(n.entries), 0)) AS rescued
     FROM ${STAGED_TABLE} AS l LEFT JOIN temp.main.lr_strangers AS n ON n.line = l.rowid
     WHERE leftover IS NOT NULL OR n.entries IS NOT NULL GROUP BY ALL`,
  );
  await session.run(`DROP TABLE ${STAGED_TABLE}`);
  return counts.map((row) => ({
    sourceId: text(row, "s1"),
    eventType: text(row, "s3"),
    rescued: count(row, "rescued"),
  }));
}
