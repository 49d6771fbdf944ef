// The source files that arguments name, as a stream: the first is there before the last folder has been read.
import { lstatSync, opendirSync, realpathSync, statSync, type Dirent } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
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
    for await (const files of batchesOf(input, isExcluded, options)) {
      found += files.length;
      for (const file of files) {
        if (seen.has(file.path)) continue;
        seen.add(file.path);
        yield file;
      }
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
  for await (const files of batchesOf(input, isExcluded, options)) yield* files;
}

/** As `filesOf`, several at a time. Of thousands of small files, the way through the thread pool, or through a promise for each, takes longer than to find them. */
async function* batchesOf(
  input: FileInput,
  isExcluded: (realPath: string) => boolean,
  options: FindOptions,
): AsyncGenerator<readonly FoundFile[], void, undefined> {
  const { signal, onWarning } = options;
  const names = await namesOf(input, isExcluded, options);
  let batch: FoundFile[] = [];
  let seen = 0;
  for (const { path, isFile } of names) {
    if (++seen % FILES_A_TURN === 0) await turn();
    signal?.throwIfAborted();
    const file =
      (isFile ? plainFile(path, isExcluded) : undefined) ?? regularFile(path, isExcluded, onWarning);
    if (file) batch.push(file);
    if (batch.length < FILES_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

/** The first of a folder's files is in work after so many have been found. */
const FILES_AT_ONCE = 32;
/** Files looked at before others get their turn, which they do not while nothing here waits. */
const FILES_A_TURN = 256;

interface Name {
  readonly path: string;
  /** It was seen to be a file in a folder whose path is real. */
  readonly isFile?: boolean;
}

async function namesOf(
  input: FileInput,
  isExcluded: (realPath: string) => boolean,
  options: FindOptions,
): Promise<Iterable<Name>> {
  if (input.kind === "file") return [{ path: input.file }];
  if (input.kind === "folder") return walkFolder(input.folder, new Set(), isExcluded, options);
  return (await globbed(input.folder, input.pattern, options.signal)).map((path) => ({ path }));
}

async function globbed(
  folder: string,
  pattern: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { glob } = await import("tinyglobby");
  return (await glob(pattern, { cwd: folder, absolute: true, ...(signal ? { signal } : {}) })).sort();
}

/** Names of a folder, given by its real path, and those below it, hidden ones left out. Folders reached twice (links, loops) are read once. */
function* walkFolder(
  folder: string,
  visited: Set<string>,
  isExcluded: (realPath: string) => boolean,
  options: FindOptions,
): Generator<Name, void, undefined> {
  if (visited.has(folder) || isExcluded(folder)) return;
  visited.add(folder);
  try {
    for (const entry of entriesOf(folder)) {
      options.signal?.throwIfAborted();
      if (entry.name.startsWith(".")) continue;
      const path = folder.endsWith("/") ? folder + entry.name : `${folder}/${entry.name}`;
      const inner = entry.isDirectory() ? path : entry.isSymbolicLink() ? linkedFolder(path) : undefined;
      if (inner === undefined) yield { path, isFile: entry.isFile() };
      else yield* walkFolder(inner, visited, isExcluded, options);
    }
  } catch (error) {
    if (errnoOf(error) === undefined || options.signal?.aborted) throw error;
    // A folder that was removed meanwhile has nothing to be warned of.
    if (errnoOf(error) !== "ENOENT")
      options.onWarning?.(`Folder ${folder} cannot be read (${errnoOf(error)}).`);
  }
}

function* entriesOf(folder: string): Generator<Dirent, void, undefined> {
  using opened = opendirSync(folder, { bufferSize: FILES_AT_ONCE });
  for (let entry = opened.readSync(); entry; entry = opened.readSync()) yield entry;
}

/** The real folder behind a link, if it is one. */
function linkedFolder(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? realpathSync.native(path) : undefined;
  } catch {
    return undefined;
  }
}

/** The file with a real path; undefined when it is anything else by now. */
function plainFile(path: string, isExcluded: (realPath: string) => boolean): FoundFile | undefined {
  try {
    const stats = lstatSync(path);
    return stats.isFile() && !isExcluded(path) ? { path, bytes: stats.size } : undefined;
  } catch {
    return undefined;
  }
}

/** The file behind a name, unless it is something else, excluded, or gone. */
export function regularFile(
  path: string,
  isExcluded: (realPath: string) => boolean,
  onWarning?: (message: string) => void,
): FoundFile | undefined {
  try {
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
