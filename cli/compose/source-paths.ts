// From the paths on the command line to source objects: files as real absolute paths, each once.
import { realpathSync, statSync, type Stats } from "node:fs";
import { resolve, sep } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { RouterError } from "../../shared/errors/router-error.ts";

/**
 * The regular files that `paths` mean: a file itself, everything under a folder, or what a glob matches; in ascending order for each
 * path. Hidden files and folders count only when a path names them. Nothing under a folder of `without` counts (the data folder).
 * Throws USAGE for a path that is not there and for a glob that matches nothing.
 */
export async function* sourcePaths(
  cwd: string,
  paths: readonly string[],
  without: readonly string[],
): AsyncGenerator<string, void, undefined> {
  const seen = new Set<string>();
  const barred = without.map((folder) => realPath(resolve(cwd, folder)) + sep);
  for (const path of paths) {
    for (const file of await filesOf(cwd, path)) {
      const key = realPath(file);
      if (seen.has(key) || barred.some((folder) => key.startsWith(folder))) continue;
      if (!statOf(key)?.isFile()) continue;
      seen.add(key);
      yield key;
    }
  }
}

async function filesOf(cwd: string, path: string): Promise<string[]> {
  const absolute = resolve(cwd, path);
  const stat = statOf(absolute);
  if (stat?.isFile()) return [absolute];
  if (stat?.isDirectory()) return await matching(absolute, "**");
  if (stat) throw new RouterError("USAGE", `${path} is neither a file nor a folder.`);
  if (!isDynamicPattern(path)) throw new RouterError("USAGE", `there is no ${path}.`);
  const found = await matching(cwd, path);
  if (found.length === 0) throw new RouterError("USAGE", `no file matches ${path}.`);
  return found;
}

async function matching(cwd: string, pattern: string): Promise<string[]> {
  const files = await glob(pattern, { cwd, absolute: true, onlyFiles: true, expandDirectories: false });
  return files.sort();
}

/** The path with symbolic links resolved; itself when there is nothing. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
