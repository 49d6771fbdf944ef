// What a person named on the command line: a folder, a single file, or a glob.
import { realpath, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { RouterError } from "../../errors/router-error.ts";
import { picomatch } from "../../runtime/picomatch.ts";

export type FileInput =
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "file"; readonly file: string }
  | {
      readonly kind: "glob";
      /** As it was given, for messages. */
      readonly given: string;
      /** The part in front of the first magic character; real. */
      readonly folder: string;
      /** The rest, to be matched below `folder`. */
      readonly pattern: string;
    };

export interface FileInputOptions {
  /** Relative arguments start here. Default: the working folder. */
  readonly cwd?: string;
  /** Files and folders that are never taken, whatever the arguments: the data folder, the warehouse file. */
  readonly exclude?: readonly string[];
}

/** Files that databases put beside theirs. */
const COMPANIONS = ["", ".wal", "-wal", "-shm", "-journal"];

/**
 * Finds out what each argument is. A path that exists is taken as it is, magic characters or not. Throws NOT_FOUND, naming every
 * argument that is neither a path nor a glob, and USAGE for one that lies in an excluded folder.
 */
export async function resolveInputs(
  given: readonly string[],
  options: FileInputOptions = {},
): Promise<{ readonly inputs: readonly FileInput[]; readonly isExcluded: (realPath: string) => boolean }> {
  const isExcluded = await excluder(options);
  const inputs: FileInput[] = [];
  const missing: string[] = [];
  for (const one of given) {
    const input = await resolveInput(one, options.cwd ?? ".");
    if (input) inputs.push(input);
    else missing.push(one);
  }
  if (missing.length > 0) {
    const names = missing.map((path) => JSON.stringify(path)).join(", ");
    throw new RouterError(
      "NOT_FOUND",
      `There is no file or folder ${names}. Name a folder, a file, or a glob in quotes.`,
      { details: { path: missing[0] } },
    );
  }
  for (const input of inputs) {
    const path = input.kind === "file" ? input.file : input.folder;
    if (input.kind !== "glob" && isExcluded(path)) {
      throw new RouterError(
        "USAGE",
        `${path} belongs to Log Router itself and cannot be read as a source. Name other files or another --data folder.`,
        { details: { path } },
      );
    }
  }
  return { inputs, isExcluded };
}

async function resolveInput(given: string, cwd: string): Promise<FileInput | undefined> {
  if (given === "" || given.includes("\0")) return undefined;
  const path = await realpath(resolve(cwd, given)).catch(() => undefined);
  const stats = path === undefined ? undefined : await stat(path);
  if (path !== undefined && stats?.isDirectory()) return { kind: "folder", folder: path };
  if (path !== undefined && stats?.isFile()) return { kind: "file", file: path };
  if (stats) return undefined;
  const { isDynamicPattern } = await import("tinyglobby");
  if (!isDynamicPattern(given)) return undefined;
  const { base, glob } = picomatch().scan(given);
  const folder = await realpath(resolve(cwd, base.replaceAll(/\\(.)/g, "$1"))).catch(() => undefined);
  return folder === undefined ? undefined : { kind: "glob", given, folder, pattern: glob };
}

async function excluder({ exclude = [], cwd = "." }: FileInputOptions): Promise<(path: string) => boolean> {
  const files = new Set<string>();
  const folders: string[] = [];
  for (const given of exclude) {
    const plain = resolve(cwd, given);
    // It may not exist yet, but its folder may be reached through a link.
    const parent = await realpath(resolve(plain, "..")).catch(() => resolve(plain, ".."));
    const real = await realpath(plain).catch(() => resolve(parent, plain.slice(plain.lastIndexOf(sep) + 1)));
    for (const path of new Set([plain, real])) {
      for (const ending of COMPANIONS) files.add(path + ending);
      folders.push(path + sep);
    }
  }
  return (path) => files.has(path) || folders.some((folder) => path.startsWith(folder));
}

/** Whether a path (as seen below the input, links not followed) belongs to an input. Hidden files belong only where they were named. */
export function inputMatcher(inputs: readonly FileInput[]): (path: string) => boolean {
  const matchers = inputs.map((input) => {
    if (input.kind === "file") return (path: string) => path === input.file;
    const prefix = input.folder.endsWith(sep) ? input.folder : input.folder + sep;
    const below = (path: string): string | undefined =>
      path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
    if (input.kind === "folder") {
      return (path: string) => {
        const rest = below(path);
        return rest !== undefined && !isHidden(rest);
      };
    }
    const matches = picomatch()(input.pattern);
    return (path: string) => {
      const rest = below(path);
      return rest !== undefined && matches(rest);
    };
  });
  return (path) => matchers.some((matches) => matches(path));
}

/** Whether a relative path has a name that starts with a dot. */
export function isHidden(relativePath: string): boolean {
  return relativePath.startsWith(".") || relativePath.includes(`${sep}.`);
}
