// From what a person has (a path, a key, an id or the start of one) to the sources that are meant.
import { parseReceiptKey, sourceId } from "../../shared/contracts/keys.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { isS3Path, parseS3Path } from "../compose/s3-path.ts";
import { LOCAL_BUCKET, ROUTED_BUCKET, type ReportDeps } from "./deps.ts";

/** Most ids that a prefix may stand for. */
const MAX_MATCHES = 20;

export interface FoundSources {
  /** Ids with a receipt or a row in the ledger, newest content last where that is known. */
  readonly ids: readonly string[];
  /** Id of the object's present content, when it is there and readable; perhaps without a receipt yet. */
  readonly present?: string;
  /** Bucket and key, when a path or key was given. */
  readonly bucket?: string;
  readonly key?: string;
}

/**
 * `text` is an id of 32 hex digits, at least 4 of its first digits, or a key (`s3://bucket/key` on S3). `paths` are the absolute paths that
 * `text` may mean as a path. Throws USAGE when the prefix fits too many sources, NOT_FOUND when nothing is known.
 */
export async function findSource(
  deps: ReportDeps,
  text: string,
  paths: readonly string[],
): Promise<FoundSources> {
  for (const { bucket, key } of names(text, paths)) {
    const found = await byKey(deps, bucket, key);
    if (found) return found;
  }
  if (/^[0-9a-f]{4,32}$/.test(text)) {
    const ids = await byPrefix(deps, text);
    if (ids.length > 0) return { ids };
  }
  throw new RouterError(
    "NOT_FOUND",
    `nothing is known of ${text}: it is no file that is there, no key in the ledger, and no id of a source. ` +
      `Route it with: log-router ${isS3Path(text) ? "backfill s3://BUCKET/KEY" : "run PATH --once"}`,
  );
}

function names(text: string, paths: readonly string[]): { bucket: string; key: string }[] {
  if (isS3Path(text)) {
    const { bucket, prefix } = parseS3Path(text);
    return [{ bucket, key: prefix }];
  }
  return [...new Set([...paths, text])].map((key) => ({ bucket: LOCAL_BUCKET, key }));
}

async function byKey(deps: ReportDeps, bucket: string, key: string): Promise<FoundSources | undefined> {
  const { store, warehouse, signal } = deps;
  // Where the router works on S3, this machine's files are no sources.
  const isReadable =
    bucket === LOCAL_BUCKET ? key.startsWith("/") && deps.routedBucket === ROUTED_BUCKET : key !== "";
  const info = isReadable ? await store.head({ bucket, key }, signal) : undefined;
  const present = info && sourceId(bucket, key, info.etag);
  const rows = await warehouse.findSources({ names: [{ bucket, key }] }, signal);
  const known = rows
    .toSorted(
      (a, b) => a.lastModified.getTime() - b.lastModified.getTime() || (a.sourceId < b.sourceId ? -1 : 1),
    )
    .map((row) => row.sourceId);
  if (!present && known.length === 0) return undefined;
  const ids = [...new Set([...known, ...(present ? [present] : [])])];
  return { ids, bucket, key, ...(present ? { present } : {}) };
}

async function byPrefix(deps: ReportDeps, prefix: string): Promise<string[]> {
  const ids = new Set<string>();
  const options = deps.signal ? { signal: deps.signal } : {};
  for await (const { key } of deps.store.list(deps.routedBucket, `receipts/${prefix}`, options)) {
    const named = parseReceiptKey(key);
    if (named) ids.add(named.source);
    if (ids.size > MAX_MATCHES) {
      throw new RouterError(
        "USAGE",
        `more than ${MAX_MATCHES} sources have an id that starts with ${prefix}; give more digits`,
      );
    }
  }
  if (ids.size === 0 && prefix.length === 32) {
    const rows = await deps.warehouse.findSources({ ids: [prefix] }, deps.signal);
    return rows.length > 0 ? [prefix] : [];
  }
  return [...ids];
}
