// From what a person has (a path, a key, an id or the start of one) to the sources that are meant.
import { sourceId } from "../../shared/contracts/keys.ts";
import { parseReceiptKey } from "../../shared/contracts/keys.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { LOCAL_BUCKET, ROUTED_BUCKET, type ReportDeps } from "./deps.ts";

/** Most ids that a prefix may stand for. */
const MAX_MATCHES = 20;

export interface FoundSources {
  /** Ids with a receipt or a row in the ledger, newest content last where that is known. */
  readonly ids: readonly string[];
  /** Id of the object's present content, when it is there and readable; perhaps without a receipt yet. */
  readonly present?: string;
  /** Key, when a path or key was given. */
  readonly key?: string;
}

/**
 * `text` is an id of 32 hex digits, at least 4 of its first digits, or a key. `paths` are the absolute paths that `text` may mean as a
 * path. Throws USAGE when the prefix fits too many sources, NOT_FOUND when nothing is known.
 */
export async function findSource(
  deps: ReportDeps,
  text: string,
  paths: readonly string[],
): Promise<FoundSources> {
  const keys = [...new Set([...paths, text])];
  for (const key of keys) {
    const found = await byKey(deps, key);
    if (found) return found;
  }
  if (/^[0-9a-f]{4,32}$/.test(text)) {
    const ids = await byPrefix(deps, text);
    if (ids.length > 0) return { ids };
  }
  throw new RouterError(
    "NOT_FOUND",
    `nothing is known of ${text}: it is no file that is there, no key in the ledger, and no id of a source. ` +
      "Route it with: log-router run PATH --once",
  );
}

async function byKey(deps: ReportDeps, key: string): Promise<FoundSources | undefined> {
  const { store, warehouse, signal } = deps;
  const info = key.startsWith("/") ? await store.head({ bucket: LOCAL_BUCKET, key }, signal) : undefined;
  const present = info && sourceId(LOCAL_BUCKET, key, info.etag);
  const rows = await warehouse.findSources({ names: [{ bucket: LOCAL_BUCKET, key }] }, signal);
  const known = rows
    .toSorted(
      (a, b) => a.lastModified.getTime() - b.lastModified.getTime() || (a.sourceId < b.sourceId ? -1 : 1),
    )
    .map((row) => row.sourceId);
  if (!present && known.length === 0) return undefined;
  const ids = [...new Set([...known, ...(present ? [present] : [])])];
  return { ids, key, ...(present ? { present } : {}) };
}

async function byPrefix(deps: ReportDeps, prefix: string): Promise<string[]> {
  const ids = new Set<string>();
  const options = deps.signal ? { signal: deps.signal } : {};
  for await (const { key } of deps.store.list(ROUTED_BUCKET, `receipts/${prefix}`, options)) {
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
