// `_lr_rescued` in the splitter's form, `[{"p": "<JSON array of keys>", "t": ["<JSON text>"]}]`: what the line brought, what no column
// took, and members that the plan does not know.
import type { Path } from "../../schema/types.ts";
import { quoteLiteral } from "../sql/quote.ts";
import { withoutMembers } from "./json-path.ts";
import type { Placed } from "./place-values.ts";

const ENTRIES = `'[{"p":"VARCHAR","t":["VARCHAR"]}]'`;

/** Path as JSON text, written by DuckDB so that equal paths are equal texts. */
const canonicalPath = (path: Path): string =>
  `json_extract(${quoteLiteral(JSON.stringify(path))}, '$')::VARCHAR`;

/** List of entries for the values that no column took, NULL when there are none. */
export function leftoverEntries(leftovers: Placed["leftovers"]): string {
  if (leftovers.length === 0) return "NULL::STRUCT(p VARCHAR, t VARCHAR[])[]";
  const entries = leftovers.map(
    ({ path, name }) =>
      `CASE WHEN ${name} IS NOT NULL THEN {'p': ${quoteLiteral(JSON.stringify(path))}, 't': [${name}::VARCHAR]} END`,
  );
  const any = `coalesce(${leftovers.map(({ name }) => name).join(", ")}) IS NOT NULL`;
  return `CASE WHEN ${any} THEN list_filter([${entries.join(", ")}], lambda e: e IS NOT NULL) END`;
}

/** Query of (line, entries): the members of objects that the plan does not know, by the staged line's rowid. What is absent is nothing. */
export function strangerEntries(staged: string, strangers: Placed["strangers"]): string {
  const members = strangers.map(({ path, known }, index) => {
    const prefix = JSON.stringify(path).slice(0, -1) + (path.length > 0 ? "," : "");
    return `SELECT l.rowid AS line, {'p': ${quoteLiteral(prefix)} || to_json(e.key)::VARCHAR || ']', 't': [e.value::VARCHAR]} AS entry
      FROM ${staged} AS l, json_each(l.o${index}) AS e
      WHERE l.o${index} IS NOT NULL AND NOT lr_is_absent(e.value::VARCHAR)
        AND e.key NOT IN (SELECT unnest([${known.map(quoteLiteral).join(", ")}]::VARCHAR[]))`;
  });
  const all =
    members.length > 0
      ? members.join("\nUNION ALL\n")
      : "SELECT 0 AS line, NULL::STRUCT(p VARCHAR, t VARCHAR[]) AS entry LIMIT 0";
  return `SELECT line, list(entry) AS entries FROM (${all}) GROUP BY line`;
}

/** The entries that the line brought, without what is never to be stored. */
export function ownEntries(rescued: string, dropped: readonly Path[]): string {
  const own = `nullif(${rescued}::VARCHAR, 'null')::JSON`;
  if (dropped.length === 0) return own;
  const path = "json_extract(e.p, '$')::VARCHAR";
  const isDropped = dropped.map(
    (at) => `starts_with(${path}, left(${canonicalPath(at)}, -1) || ',') OR ${path} = ${canonicalPath(at)}`,
  );
  const cleaned = dropped.reduce((text, at) => withoutDropped(text, path, at), "array_to_string(e.t, '')");
  return `CASE WHEN ${own} IS NOT NULL THEN nullif(to_json(list_transform(
    list_filter(from_json(${own}, ${ENTRIES}), lambda e: NOT (${isDropped.join(" OR ")})),
    lambda e: {'p': e.p, 't': [${cleaned}]}))::VARCHAR, '[]')::JSON END`;
}

/** A rescued object above a dropped path has the dropped member inside. */
function withoutDropped(text: string, path: string, dropped: Path): string {
  return dropped.slice(0, -1).reduce((cleaned, _, depth) => {
    const above = dropped.slice(0, depth + 1);
    return `CASE WHEN ${path} = ${canonicalPath(above)} THEN (${withoutMembers(`(${cleaned})`, [dropped.slice(above.length)])})::VARCHAR ELSE ${cleaned} END`;
  }, text);
}
