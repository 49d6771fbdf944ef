// The files below a folder in the order of S3 listings, without looking into folders that the prefix or the start excludes.
import { lstatSync, readdirSync, statSync, type Dirent, type Stats } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { compareKeys } from "../object-helpers.ts";
import { errnoOf } from "./file-errors.ts";

/** A folder's own size; on most file systems it grows with the names. */
const SMALL_FOLDER_BYTES = 16 * 1024;
/** Files looked at before others get their turn: nothing here waits in the thread pool. */
const FILES_A_TURN = 200;

export interface WalkedFile {
  /** Path below the folder, with `/`. */
  readonly key: string;
  readonly bytes: number;
  readonly lastModified: Date;
}

export interface WalkOptions {
  readonly prefix: string;
  readonly startAfter?: string | undefined;
  /** Top-level name to leave out. */
  readonly except?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Regular files below `root` in ascending order of key bytes; symbolic links are left out. Memory: the names in the folders on the way.
 * What disappears during the walk is left out or not, as it comes.
 */
export async function* walkKeys(
  root: string,
  options: WalkOptions,
): AsyncGenerator<WalkedFile, void, undefined> {
  const { prefix, startAfter = "", except } = options;
  // The folder that the prefix names is entered directly: its siblings are never read.
  const start = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  if (except !== undefined && start.startsWith(`${except}/`)) return;
  let files = 0;
  yield* walkFolder(start);

  async function* walkFolder(folder: string): AsyncGenerator<WalkedFile, void, undefined> {
    for (const entry of await sortedEntries(`${root}/${folder}`)) {
      options.signal?.throwIfAborted();
      if (folder === "" && entry.name === except) continue;
      const key = folder + entry.name;
      if (entry.isDirectory()) {
        if (mayHold(`${key}/`, prefix, startAfter)) yield* walkFolder(`${key}/`);
      } else if (entry.isFile() && key.startsWith(prefix) && compareKeys(key, startAfter) > 0) {
        if (++files % FILES_A_TURN === 0) await turn();
        const stats = statsOf(`${root}/${key}`);
        if (stats?.isFile()) yield { key, bytes: stats.size, lastModified: stats.mtime };
      }
    }
  }
}

/** Undefined for what cannot be looked at, or is not there any more. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether keys that start with `folder` can start with `prefix` and come after `startAfter`. */
function mayHold(folder: string, prefix: string, startAfter: string): boolean {
  if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) return false;
  return startAfter.startsWith(folder) || compareKeys(folder, startAfter) > 0;
}

/** Sorted as their keys are: a folder's keys all have a `/` behind its name, which sorts after `.` and `-`. */
async function sortedEntries(folder: string): Promise<Dirent[]> {
  let entries: Dirent[];
  try {
    // The common answer, for every new source; and a few names take less time than the way through the thread pool.
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (!stats) return [];
    const isSmall = stats.size <= SMALL_FOLDER_BYTES;
    entries = isSmall
      ? readdirSync(folder, { withFileTypes: true })
      : await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw error;
  }
  const keyed = entries.map((entry) => [entry.isDirectory() ? `${entry.name}/` : entry.name, entry] as const);
  return keyed.sort(([a], [b]) => compareKeys(a, b)).map(([, entry]) => entry);
}
