// What one COPY loads: files of one compression, which member of a line goes to which column, and how many rows it must give.
import { EVENT_TYPE_MEMBER, LINE_MEMBER, RESCUED_MEMBER, SOURCE_MEMBER } from "../../contracts/words.ts";
import type { LoadJob, LoadUnit, UnitPart } from "../../ports/warehouse.ts";
import { pathKey } from "../../schema/names.ts";
import type { Path, TableLoadPlan } from "../../schema/types.ts";
import { isShared } from "./checked-lines.ts";

export type JobTable = LoadJob["tables"][number];

export interface CopyGroup {
  readonly table: string;
  /** Columns in the order of `paths`. */
  readonly columns: readonly string[];
  /** JSONPaths of the members. */
  readonly paths: readonly string[];
  readonly bucket: string;
  readonly files: readonly { readonly key: string; readonly bytes?: number }[];
  readonly compression: UnitPart["compression"];
  readonly rows: number;
  /** The parts themselves, not lines that were checked here. */
  readonly isDirect: boolean;
}

const SYSTEM_MEMBERS = [SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER, RESCUED_MEMBER];

/** Column list and JSONPaths: the line's own members first. */
export function copyColumns(
  columns: readonly { readonly column: string; readonly path: Path }[],
): Pick<CopyGroup, "columns" | "paths"> {
  return {
    columns: [...SYSTEM_MEMBERS, ...columns.map(({ column }) => column)],
    paths: [...SYSTEM_MEMBERS.map((member) => [member]), ...columns.map(({ path }) => path)].map(jsonPath),
  };
}

/** Bracket notation. Only for keys that `isPlainKey` admits. */
function jsonPath(path: Path): string {
  return `$${path.map((key) => `['${key}']`).join("")}`;
}

/** How quotes, backslashes, brackets and control characters are written in a JSONPath is documented nowhere. */
// oxlint-disable-next-line no-control-regex
const SPECIAL_KEY = /['"\\[\]*\u0000-\u001f\u007f]/;

/**
 * True when COPY can read the parts themselves: it looks at no value, knows no lines to leave out, and has one column a path. Everything else
 * is loaded checked, which is always right (TableLoadPlan.mode).
 */
export function isDirect({ plan, units }: JobTable): boolean {
  if (plan.mode !== "direct" || plan.catchAll) return false;
  if (units.some((unit) => unit.rejectedLines.length > 0 || isShared(unit.eventType))) return false;
  // COPY loads a file whole: no lines of other event types may be there, whether their units are of this job or not.
  const own = units.flatMap((unit) => unit.parts.filter((part) => !part.gathered));
  if (own.some((part) => part.mixedLines !== undefined)) return false;
  return new Set(own.map(({ key }) => key)).size === own.length && isReadable(plan);
}

function isReadable({ columns }: TableLoadPlan): boolean {
  const known = new Set(columns.map(({ path }) => pathKey(path)));
  if (known.size < columns.length) return false;
  return columns.every(({ path, type }) => {
    const isComputed = type === "hash" || type.startsWith("epoch_");
    const isNested = path.some((_, depth) => known.has(pathKey(path.slice(0, depth))));
    return path.length > 0 && !isComputed && !isNested && !path.some((key) => SPECIAL_KEY.test(key));
  });
}

/** One COPY for each compression that the parts have. */
export function directGroups({ plan, units }: JobTable, bucket: string): readonly CopyGroup[] {
  return (["zstd", "gzip"] as const).flatMap((compression): CopyGroup[] => {
    const parts = units.flatMap((unit: LoadUnit) =>
      unit.parts.filter((part) => part.compression === compression),
    );
    if (parts.length === 0) return [];
    // Gathered parts are named by every unit whose lines they have; a file listed twice is loaded twice.
    const files = [...new Map(parts.map(({ key, bytes }) => [key, { key, bytes }])).values()];
    const rows = parts.reduce((sum, { lines }) => sum + lines, 0);
    return [
      { table: plan.table, ...copyColumns(plan.columns), bucket, files, compression, rows, isDirect: true },
    ];
  });
}
