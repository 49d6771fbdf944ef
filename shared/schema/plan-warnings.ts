// What an operator should know about a plan, in one line each.
import { pathKey } from "./names.ts";
import type { PlanSettings } from "./plan-settings.ts";
import type { Walked } from "./plan-walk.ts";
import type { CatalogColumn, NewColumn, Path } from "./types.ts";

/** Paths named in one warning. */
const NAMED = 5;

export function planWarnings(about: {
  readonly table: string;
  readonly columns: readonly CatalogColumn[];
  readonly added: readonly NewColumn[];
  readonly walked: Walked;
  readonly settings: PlanSettings;
}): string[] {
  const { table, columns, added, walked, settings } = about;
  const known = new Map(columns.map((column) => [pathKey(column.path), column]));
  const siblings = added.flatMap(({ path, type, column }) => {
    const first = known.get(pathKey(path));
    if (!first) return [];
    return [
      `table ${table}: ${said(path)} no longer fits column ${first.column} (${first.type}); new column ${column} (${type})`,
    ];
  });
  const rescued =
    walked.rescued.length === 0
      ? []
      : [
          `table ${table}: no room for a column for ${listed(walked.rescued)}; the values go to _lr_rescued (max_columns ${settings.maxColumns})`,
        ];
  return [...siblings, ...rescued];
}

function listed(paths: readonly Path[]): string {
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  return paths.slice(0, NAMED).map(said).join(", ") + more;
}

function said(path: Path): string {
  return path.length === 0 ? "the whole line" : JSON.stringify(path.join("."));
}
