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

/**
 * Text of the entries for what `placed` left over, with commas between them: values that no column took, and members that the plan does not
 * know. '' when there are none. Text, because a list with a place for each of a thousand columns would be built for every line.
 */
export function newEntries({ leftovers, strangers }: Placed): string {
  const entries = [...leftovers.map(leftoverEntry), ...strangers.map(strangerEntries)];
  return entries.length === 0 ? "''" : `concat_ws(',', ${entries.join(",\n  ")})`;
}

function leftoverEntry({ path, name }: Placed["leftovers"][number]): string {
  const head = `{"p":${JSON.stringify(JSON.stringify(path))},"t":[`;
  return `CASE WHEN ${name} IS NOT NULL THEN ${quoteLiteral(head)} || to_json(${name}::VARCHAR)::VARCHAR || ']}' END`;
}

/** A step into an object by a pointer takes any key as it is. */
function strangerEntries({ path, name, known }: Placed["strangers"][number]): string {
  const prefix = JSON.stringify(path).slice(0, -1) + (path.length > 0 ? "," : "");
  const pointer = "'/' || replace(replace(k, '~', '~0'), '/', '~1')";
  const member = `json_extract(${name}, ${pointer})::VARCHAR`;
  const keys = `list_filter(json_keys(${name}), lambda k: k NOT IN (${known.map(quoteLiteral).join(", ")}) AND NOT lr_is_absent(${member}))`;
  const entry = `'{"p":' || to_json(${quoteLiteral(prefix)} || to_json(k)::VARCHAR || ']')::VARCHAR || ',"t":[' || to_json(${member})::VARCHAR || ']}'`;
  return `CASE WHEN ${name} IS NOT NULL THEN nullif(array_to_string(list_transform(${keys}, lambda k: ${entry}), ','), '') END`;
}

/** `_lr_rescued` of a row: its own entries, then the new ones. */
export function allEntries(own: string, entries: string): string {
  return `CASE WHEN ${entries} = '' THEN ${own} ELSE ('[' || concat_ws(',', (${own}::VARCHAR)[2:-2], ${entries}) || ']')::JSON END`;
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
