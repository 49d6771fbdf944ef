// Paths on the command line that name source files.
import { realpathSync } from "node:fs";
import { findFiles, type FindOptions, type FoundFile } from "../../shared/adapters/local/find-files.ts";
import { isRouterError, RouterError } from "../../shared/errors/router-error.ts";

/** Files that a person named, as `findFiles` finds them; a name that fits nothing is a wrong call (exit code 2). */
export async function* namedFiles(
  paths: readonly string[],
  options: FindOptions,
): AsyncGenerator<FoundFile, void, undefined> {
  try {
    yield* findFiles(paths, options);
  } catch (error) {
    throw asUsage(error);
  }
}

/** NOT_FOUND for something named on the command line is a mistake in the call. */
export function asUsage(error: unknown): unknown {
  return isRouterError(error, "NOT_FOUND")
    ? new RouterError("USAGE", error.message, { cause: error })
    : error;
}

/** The path with symbolic links resolved; itself when there is nothing. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
