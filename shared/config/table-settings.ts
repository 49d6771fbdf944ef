// What the configuration says about the columns of one event type: pinned types, excluded and hashed paths, the event's time.
import type { ColumnType, Path } from "../schema/types.ts";
import { isColumnType } from "./column-type.ts";
import { isNameGlob, nameMatcher } from "./name-glob.ts";
import { parseKeyPath } from "./parse-key-path.ts";
import type { Config } from "./schema.ts";

export interface TableSettings {
  /** Path → pinned column type. Of several entries for a path, the one under the exact event type wins, else the first written. */
  readonly types: readonly { readonly path: Path; readonly type: ColumnType }[];
  /** Paths not loaded at all: those of every entry that matches. */
  readonly exclude: readonly Path[];
  /** Paths loaded as hash: those of every entry that matches. */
  readonly hash: readonly Path[];
  /** Path of the event's time. The exact event type wins, else the first glob written. */
  readonly eventTime?: Path;
}

/** The column settings for an event type. Not for each line: compiled at every call. */
export function tableSettings(config: Config, eventType: string): TableSettings {
  const types = new Map<string, TableSettings["types"][number]>();
  for (const pinned of entriesFor(config.types, eventType)) {
    for (const [text, type] of Object.entries(pinned)) {
      const path = parseKeyPath(text);
      const id = JSON.stringify(path);
      if (!types.has(id) && isColumnType(type)) types.set(id, { path, type });
    }
  }
  const time = entriesFor(config.tables.event_time, eventType)[0];
  return {
    types: [...types.values()],
    exclude: pathsOf(config.exclude, eventType),
    hash: pathsOf(config.hash, eventType),
    ...(time === undefined ? {} : { eventTime: parseKeyPath(time) }),
  };
}

/** Entries of a setting by event type that match: the exact name first, then globs as written. */
function entriesFor<T>(setting: Readonly<Record<string, T>>, eventType: string): T[] {
  const exact = Object.hasOwn(setting, eventType) && !isNameGlob(eventType) ? [setting[eventType]!] : [];
  const globs = Object.entries(setting)
    .filter(([name]) => isNameGlob(name) && nameMatcher(name)(eventType))
    .map(([, value]) => value);
  return [...exact, ...globs];
}

function pathsOf(setting: Config["exclude"], eventType: string): Path[] {
  const paths = entriesFor(setting, eventType).flat().map(parseKeyPath);
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}
