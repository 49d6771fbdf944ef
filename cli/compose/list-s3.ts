// Source objects on S3, by listing a prefix: a stream, whatever the number of keys.
import { ROUTED_PREFIXES } from "../../shared/contracts/keys.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { ObjectInfo, ObjectStore } from "../../shared/ports/object-store.ts";
import { isS3Path, parseS3Path } from "./s3-path.ts";

export interface ListDeps {
  readonly store: ObjectStore;
  readonly routedBucket: string;
  readonly signal?: AbortSignal;
}

/**
 * Every object under the prefixes but what is no source: the routed bucket's own objects, and empty ones whose key ends with a slash
 * (folders, as consoles make them). An object under two of the prefixes comes twice. Throws USAGE for a prefix that nothing fits.
 */
export async function* listS3(
  { store, routedBucket, signal }: ListDeps,
  paths: readonly string[],
): AsyncGenerator<ObjectInfo, void, undefined> {
  for (const path of paths) {
    const { bucket, prefix } = parseS3Path(path);
    let found = 0;
    for await (const object of store.list(bucket, prefix, signal ? { signal } : {})) {
      const isFolder = object.key.endsWith("/") && object.bytes === 0;
      if (isFolder || (bucket === routedBucket && isRouted(object.key))) continue;
      found += 1;
      yield object;
    }
    if (found === 0)
      throw new RouterError("USAGE", `no object's key starts with ${JSON.stringify(path)}`, {
        details: { path },
      });
  }
}

/** The paths that are on S3, and those that are on this machine, each in their order. */
export function partPaths(paths: readonly string[]): { s3: readonly string[]; local: readonly string[] } {
  return { s3: paths.filter((path) => isS3Path(path)), local: paths.filter((path) => !isS3Path(path)) };
}

function isRouted(key: string): boolean {
  return ROUTED_PREFIXES.some((prefix) => key.startsWith(prefix));
}
