// The source objects of a backfill: files of this machine and objects on S3, of the times asked for, as one stream.
import { stat } from "node:fs/promises";
import type { ObjectInfo } from "../../../shared/ports/object-store.ts";
import { LOCAL_BUCKET } from "../../reports/deps.ts";
import type { Adapters } from "../adapters.ts";
import { listS3, partPaths } from "../list-s3.ts";
import { namedFiles } from "../source-paths.ts";
import { isWithin, type TimeRange } from "./time-range.ts";

export interface FindOptions {
  readonly cwd: string;
  readonly range: TimeRange;
  readonly signal: AbortSignal;
  readonly onWarning: (message: string) => void;
  /** An object of another time. */
  readonly onOutside: () => void;
}

/** Throws USAGE for a path that nothing fits. */
export async function* findObjects(
  adapters: Pick<Adapters, "store" | "routedBucket" | "ownPaths">,
  paths: readonly string[],
  options: FindOptions,
): AsyncGenerator<ObjectInfo, void, undefined> {
  const { s3, local } = partPaths(paths);
  if (local.length > 0) yield* findFiles(adapters, local, options);
  for await (const object of listS3({ ...adapters, signal: options.signal }, s3)) {
    if (isWithin(options.range, object.lastModified)) yield object;
    else options.onOutside();
  }
}

async function* findFiles(
  { store, ownPaths }: Pick<Adapters, "store" | "ownPaths">,
  paths: readonly string[],
  { cwd, range, signal, onWarning, onOutside }: FindOptions,
): AsyncGenerator<ObjectInfo, void, undefined> {
  for await (const { path: key } of namedFiles(paths, { cwd, exclude: ownPaths, signal, onWarning })) {
    // The identity of a file takes reading it, its time does not.
    const stats = await stat(key).catch(() => undefined);
    if (stats && !isWithin(range, stats.mtime)) {
      onOutside();
      continue;
    }
    const object = await store.head({ bucket: LOCAL_BUCKET, key }, signal);
    if (object) yield object;
  }
}
