// The source files that arguments name, as a stream: the first is there before the last folder has been read.
import { realpathSync, statSync } from "node:fs";
import { opendir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { RouterError } from "../../errors/router-error.ts";
import { errnoOf } from "./file-errors.ts";
import { resolveInputs, type FileInput, type FileInputOptions } from "./file-inputs.ts";

export interface FoundFile {
  /** Real absolute path: the key in bucket `local`. */
  readonly path: string;
  readonly bytes: number;
}

export interface FindOptions extends FileInputOptions {
  readonly signal?: AbortSignal;
  /** Told of files and folders that cannot be read; the rest is found all the same. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Every regular file that the arguments name, once, links resolved. Throws NOT_FOUND for a path that does not exist and for a glob that
 * fits nothing, USAGE for an excluded one (see file-inputs.ts).
 */
export async function* findFiles(
  given: readonly string[],
  options: FindOptions = {},
): AsyncGenerator<FoundFile, void, undefined> {
  const { inputs, isExcluded } = await resolveInputs(given, options);
  const seen = new Set<string>();
  for (const input of inputs) {
    let found = 0;
    for await (const file of filesOf(input, isExcluded, options)) {
      found++;
      if (seen.has(file.path)) continue;
      seen.add(file.path);
      yield file;
    }
    if (input.kind === "glob" && found === 0) {
      throw new RouterError(
        "NOT_FOUND",
        `No file fits ${JSON.stringify(input.given)} (below ${input.folder}).`,
        {
          details: { path: input.given },
        },
      );
    }
  }
}

/**
 * Throws as `findFiles` would before its first file: for looking at arguments before anything is made. `mayComeLater`: a glob that fits
 * nothing yet is fine.
 */
export async function checkNamed(
  given: readonly string[],
  options: FindOptions,
  mayComeLater: boolean,
): Promise<void> {
  const { inputs } = await resolveInputs(given, options);
  const globs = inputs.flatMap((input) => (input.kind === "glob" ? [input.given] : []));
  if (mayComeLater) return;
  for (const glob of globs) for await (const _ of findFiles([glob], options)) break;
}

/** Files of one input; the same file may come twice by way of links. */
export async function* filesOf(
  input: FileInput,
  isExcluded: (realPath: string) => boolean,
  options: FindOptions,
): AsyncGenerator<FoundFile, void, undefined> {
  for await (const path of namesOf(input, isExcluded, options)) {
    options.signal?.throwIfAborted();
    const file = await regularFile(path, isExcluded, options.onWarning);
    if (file) yield file;
  }
}

function namesOf(
  input: FileInput,
  isExcluded: (realPath: string) => boolean,
  options: FindOptions,
): AsyncIterable<string> | Iterable<string> {
  if (input.kind === "file") return [input.file];
  if (input.kind === "folder") return walkFolder(input.folder, new Set(), isExcluded, options);
  return globbed(input.folder, input.pattern, options.signal);
}

async function* globbed(folder: string, pattern: string, signal?: AbortSignal): AsyncGenerator<string> {
  const { glob } = await import("tinyglobby");
  yield* (await glob(pattern, { cwd: folder, absolute: true, ...(signal ? { signal } : {}) })).sort();
}

/** Names of a folder and those below it, hidden ones left out. Folders reached twice (links, loops) are read once. */
async function* walkFolder(
  folder: string,
  visited: Set<string>,
  isExcluded: (realPath: string) => boolean,
  options: FindOptions,
): AsyncGenerator<string, void, undefined> {
  if (visited.has(folder) || isExcluded(folder)) return;
  visited.add(folder);
  try {
    for await (const entry of await opendir(folder)) {
      options.signal?.throwIfAborted();
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      const inner = entry.isDirectory()
        ? path
        : entry.isSymbolicLink()
          ? await linkedFolder(path)
          : undefined;
      if (inner === undefined) yield path;
      else yield* walkFolder(inner, visited, isExcluded, options);
    }
  } catch (error) {
    if (errnoOf(error) === undefined || options.signal?.aborted) throw error;
    // A folder that was removed meanwhile has nothing to be warned of.
    if (errnoOf(error) !== "ENOENT")
      options.onWarning?.(`Folder ${folder} cannot be read (${errnoOf(error)}).`);
  }
}

/** The real folder behind a link, if it is one. */
async function linkedFolder(path: string): Promise<string | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() ? realpath(path).catch(() => undefined) : undefined;
}

/** The file behind a name, unless it is something else, excluded, or gone. */
export async function regularFile(
  path: string,
  isExcluded: (realPath: string) => boolean,
  onWarning?: (message: string) => void,
): Promise<FoundFile | undefined> {
  try {
    // Of thousands of small files, the way through the thread pool would take longer than these calls.
    const real = realpathSync.native(path);
    const stats = statSync(real);
    if (!stats.isFile() || isExcluded(real)) return undefined;
    return { path: real, bytes: stats.size };
  } catch (error) {
    const errno = errnoOf(error);
    // Names are read as UTF-8; one that is not cannot be opened by what it was read as.
    if (errno === "ENOENT" && path.includes("\ufffd")) {
      onWarning?.(`File ${path} has a name that is not UTF-8 and is left out; rename it.`);
    } else if (errno !== "ENOENT" && errno !== "ENOTDIR") {
      onWarning?.(`File ${path} cannot be read (${errno ?? String(error)}).`);
    }
    return undefined;
  }
}
