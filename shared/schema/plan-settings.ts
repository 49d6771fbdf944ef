// What the configuration says about one table. Event types that share a table share these settings, whichever of them a batch holds.
import type { Config } from "../config/schema.ts";
import { parseKeyPath } from "../config/parse-key-path.ts";
import { tableSettings } from "../config/table-settings.ts";
import { OTHER_EVENT_TYPE } from "../contracts/words.ts";
import { parseColumnType } from "./column-types.ts";
import { pathKey, SYSTEM_COLUMNS } from "./names.ts";
import type { ColumnType, Path } from "./types.ts";

/**
 * Bytes of all column names, quoted and separated, that one statement may carry: a statement of the Redshift Data API has 100 KB, and an
 * INSERT names its columns twice.
 */
export const MAX_COLUMN_LIST_BYTES = 40_000;

export interface PinnedType {
  readonly path: Path;
  readonly type: ColumnType;
}

export interface PlanSettings {
  /** By `pathKey`. Of several event types the first in order of their names wins. */
  readonly pinned: ReadonlyMap<string, PinnedType>;
  /** Paths of every event type of the table: never stored. */
  readonly exclude: readonly Path[];
  readonly hash: readonly Path[];
  readonly eventTime?: Path;
  /** Data columns that the table may have: `max_columns` without the system columns. */
  readonly maxColumns: number;
  readonly maxColumnListBytes: number;
}

/** Throws CONFIG_INVALID when a pinned type is none (a checked configuration has none such). */
export function planSettings(config: Config, eventTypes: Iterable<string>): PlanSettings {
  const names = [...new Set(eventTypes)].sort();
  const each = names.map((name) => tableSettings(config, name));
  const pinned = new Map<string, PinnedType>();
  for (const { path, type } of each.flatMap(({ types }) => types)) {
    parseColumnType(type);
    if (!pinned.has(pathKey(path))) pinned.set(pathKey(path), { path, type });
  }
  // Parts of `_lr_other` may hold lines of any event type: what is personal in one of them must not be stored.
  const anyType = names.includes(OTHER_EVENT_TYPE);
  const eventTime = each.find((settings) => settings.eventTime)?.eventTime;
  return {
    pinned,
    exclude: distinct([
      ...each.flatMap(({ exclude }) => exclude),
      ...(anyType ? allPaths(config.exclude) : []),
    ]),
    hash: distinct([...each.flatMap(({ hash }) => hash), ...(anyType ? allPaths(config.hash) : [])]),
    ...(eventTime && { eventTime }),
    maxColumns: config.tables.max_columns - SYSTEM_COLUMNS.length,
    maxColumnListBytes: MAX_COLUMN_LIST_BYTES,
  };
}

function allPaths(setting: Config["exclude"]): Path[] {
  return Object.values(setting).flat().map(parseKeyPath);
}

function distinct(paths: readonly Path[]): Path[] {
  return [...new Map(paths.map((path) => [pathKey(path), path])).values()];
}
