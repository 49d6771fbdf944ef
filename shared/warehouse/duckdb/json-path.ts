// Addresses inside a JSON value, as DuckDB takes them, that mean exactly one member of nested objects: no wildcard, no array element.
import type { Path } from "../../schema/types.ts";
import { quoteLiteral } from "../sql/quote.ts";

/**
 * A JSON pointer takes any key as it is, but would also reach into an array where the key is a number: such keys go as JSONPath, which
 * cannot say a key that is `*`.
 */
function address(path: Path): string {
  if (path.some((key) => /^[0-9-]+$/.test(key)) && !path.includes("*"))
    return `$${path.map((key) => `."${key.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`).join("")}`;
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** SQL expression of the member at `path` below the object `value`: NULL when there is none, JSON `null` when it is null. */
export function memberOf(value: string, path: Path): string {
  // One step at a time where no single address can say it: a numeric key beside a key `*`.
  const star = path.indexOf("*");
  if (path.length > 1 && star >= 0)
    return path.reduce((object, key) => `json_extract(${object}, ${quoteLiteral(address([key]))})`, value);
  return `json_extract(${value}, ${quoteLiteral(address(path))})`;
}

/** SQL expression of the members `keys` of the object `value`, as a list in that order, NULL for those that are not there. */
export function membersOf(value: string, keys: readonly string[]): string {
  return `json_extract(${value}, [${keys.map((key) => quoteLiteral(address([key]))).join(", ")}])`;
}

/** SQL expression of `value` without the members at the paths. Only touched where one is there. */
export function withoutMembers(value: string, paths: readonly Path[]): string {
  return paths.reduce((object, path) => {
    const patch = path.reduceRight<unknown>((inner, key) => Object.fromEntries([[key, inner]]), null);
    return `CASE WHEN ${memberOf(object, path)} IS NOT NULL THEN json_merge_patch(${object}, ${quoteLiteral(JSON.stringify(patch))}) ELSE ${object} END`;
  }, value);
}
