// JSONPaths files and 'auto': which value of a line goes to which column.
import { SqlError } from "../sql/sql-error.ts";
import { LoadError } from "./load-error.ts";
import type { Json } from "./json.ts";

export type Step = string | number;

/** Undefined: the file has no member `jsonpaths`, so that Redshift silently goes on with 'auto'. */
export function readJsonPaths(text: string): readonly (readonly Step[])[] | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new SqlError("Invalid JSONPath file: it is no JSON object");
  }
  if (typeof file !== "object" || file === null || Array.isArray(file))
    throw new SqlError("Invalid JSONPath file: it is no JSON object");
  const paths: unknown = (file as Record<string, unknown>)["jsonpaths"];
  if (paths === undefined) return undefined;
  if (!Array.isArray(paths) || paths.length === 0)
    throw new SqlError("Invalid JSONPath file: jsonpaths must be a list");
  return paths.map((path: unknown) => {
    if (typeof path !== "string" || path === "")
      throw new SqlError("Invalid JSONPath format: a path must be a non-empty string");
    return parsePath(path);
  });
}

/** Bracket notation `$['a'][0]` or dot notation `$.a[0]`, never mixed. */
function parsePath(path: string): readonly Step[] {
  if (path === "$") return [];
  if (!path.startsWith("$")) throw new SqlError(`Invalid JSONPath format: '${path}' must start with $`);
  const steps: Step[] = [];
  const bracket = path.includes("['");
  const step = bracket ? /\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]/y : /\.([^.[\]']+)|\[(\d+)\]/y;
  step.lastIndex = 1;
  while (step.lastIndex < path.length) {
    const from = step.lastIndex;
    const match = step.exec(path);
    if (match === null) throw new SqlError(`Invalid JSONPath format: '${path}' at ${from}`);
    steps.push(match[2] === undefined ? match[1]!.replace(/\\(.)/g, "$1") : Number(match[2]));
  }
  return steps;
}

/** The value at a path; undefined when a member is missing. A missing array index fails the row. */
export function valueAt(document: Json, path: readonly Step[]): Json | undefined {
  let value: Json | undefined = document;
  for (const step of path) {
    if (value === undefined) return undefined;
    if (typeof step === "number") {
      const item: Json | undefined = value.kind === "array" ? value.items[step] : undefined;
      if (item === undefined)
        throw new LoadError(1216, "Invalid JSONPath format: Not an array or index out of range.");
      value = item;
    } else value = value.kind === "object" ? member(value, step) : undefined;
  }
  return value;
}

/** The last of several members of one name; which one Redshift takes is not documented. */
export function member(object: Json, key: string): Json | undefined {
  return object.kind === "object" ? object.members.findLast(([name]) => name === key)?.[1] : undefined;
}
