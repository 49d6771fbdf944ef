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
import { allEntries, newEntries, ownEntries } from "./rescue.ts";
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

export interface InsertContext {
  readonly session: Session;
  readonly eventSchema: string;
  readonly hasRejected: boolean;
}

/** Entries of `_lr_rescued`, by the source and event type of their lines. */
export type EntryCounts = readonly { sourceId: string; eventType: string; entries: number }[];

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
    terms.push(
      `(${system.source}, ${system.eventType}) IN (SELECT (source_id, event_type) FROM temp.main.lr_wanted WHERE table_name = $table)`,
    );
  if (context.hasRejected) terms.push(`(${system.source}, ${system.line}) NOT IN (FROM ${REJECTED_TABLE})`);
  return terms.length > 0 ? `WHERE ${terms.join(" AND ")}` : "";
}

function parameters(group: PartGroup): Parameters {
  const { files, eventTypes, plan } = group;
  if (!eventTypes) return { files };
  return { files, ...(eventTypes.length === 1 ? { eventType: eventTypes[0]! } : { table: plan.table }) };
}

/** Inserts the group's rows. */
export async function insertGroup(context: InsertContext, group: PartGroup): Promise<void> {
  const statement = group.plan.mode === "staged" ? stagedStatement : directStatement;
  await context.session.run(statement(context, group), parameters(group));
}

/** `_lr_loaded_at` is the transaction's time, the same as its rows in `loads` have. */
function insertInto(context: InsertContext, table: string, columns: readonly string[]): string {
  const system = [SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER, LOADED_AT_COLUMN, RESCUED_MEMBER];
  const names = [...system, ...columns];
  return `INSERT INTO ${qualifiedName(context.eventSchema, table)} (${names.map(quoteIdentifier).join(", ")})`;
}

function directStatement(context: InsertContext, group: PartGroup): string {
  const root = pathTree(group.plan);
  const typed = group.isMixed ? undefined : typedProjection(root, SYSTEM_TYPES);
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
  const own = ownEntries(system.rescued, droppedBelow(root));
  // Nothing may be left over where the shape said that everything fits: then the load is refused, and done again staged.
  const rescued = hasPlaces(placed)
    ? `CASE WHEN ${newEntries(placed)} <> '' THEN error('a value fits no column of a direct load')::JSON ELSE ${own} END`
    : own;
  const values = [system.source, system.line, system.eventType, "now()", rescued, ...columns.values()];
  const inner = query.sql();
  return `${insertInto(context, group.plan.table, [...columns.keys()])}
SELECT ${values.join(", ")} FROM (${inner}) ${condition(system, group, context)}`;
}

const hasPlaces = ({ leftovers, strangers }: Placed): boolean => leftovers.length + strangers.length > 0;

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

/** Every value checked; what is left over goes to `_lr_rescued`. */
function stagedStatement(context: InsertContext, group: PartGroup): string {
  const root = pathTree(group.plan);
  const query = createLayeredQuery(`FROM ${readWhole(group.compression)}`);
  const { system, placed } = placeLines(query, root);
  const entries = query.define(newEntries(placed));
  const own = query.define(ownEntries(system.rescued, droppedBelow(root)));
  const columns = [...placed.columns];
  const rescued = allEntries(own, entries);
  const names = columns.map(([, name]) => name);
  const values = [system.source, system.line, system.eventType, "now()", rescued, ...names];
  const inner = query.sql();
  return `${insertInto(context, group.plan.table, [...placed.columns.keys()])}
SELECT ${values.join(", ")} FROM (${inner}) ${condition(system, group, context)}`;
}

/** Entries that the wanted lines of the parts bring in `_lr_rescued` and that are kept, by source and event type. */
function ownEntriesStatement(context: InsertContext, group: PartGroup): string {
  const query = createLayeredQuery(`FROM ${readTyped(group.compression, SYSTEM_TYPES)}`);
  const system = defineSystem(query, (key) => quoteIdentifier(key));
  const own = ownEntries(system.rescued, droppedBelow(pathTree(group.plan)));
  const inner = query.sql();
  return `SELECT source_id, event_type, sum(json_array_length(own)) AS entries FROM (
    SELECT ${system.source} AS source_id, ${system.eventType} AS event_type, ${own} AS own
    FROM (${inner}) ${condition(system, group, context)}) WHERE own IS NOT NULL GROUP BY ALL`;
}

/** How many entries of `_lr_rescued` the lines of the group bring themselves. */
export async function countOwnEntries(context: InsertContext, group: PartGroup): Promise<EntryCounts> {
  const rows = await context.session.rows(ownEntriesStatement(context, group), parameters(group));
  return rows.map((row) => ({
    sourceId: text(row, "source_id"),
    eventType: text(row, "event_type"),
    entries: count(row, "entries"),
  }));
}
