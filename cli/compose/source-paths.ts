// Paths on the command line that name source files.
import { realpathSync } from "node:fs";
import {
  checkNamed,
  findFiles,
  type FindOptions,
  type FoundFile,
} from "../../shared/adapters/local/find-files.ts";
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

/** Throws USAGE for what names no file, before anything is made for it. */
export async function checkNamedFiles(
  paths: readonly string[],
  { cwd, mayComeLater = false }: { readonly cwd: string; readonly mayComeLater?: boolean },
): Promise<void> {
  try {
    await checkNamed(paths, { cwd }, mayComeLater);
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

/** A prefix on S3 that somebody wants to be told of without a queue. */
export function unwatched(path: string): RouterError {
  return new RouterError(
    "USAGE",
    `${path} cannot be watched from here: S3 tells of new objects by a queue. Add --once, or set aws.routed_bucket, aws.split_queue and aws.load_queue and leave the path out.`,
  );
}

/** Nothing was named where something has to be. */
export function noPath(): RouterError {
  return new RouterError(
    "USAGE",
    "missing required argument 'path': name folders, files, globs in quotes, or s3://BUCKET/PREFIX (add --help for usage)",
  );
}
