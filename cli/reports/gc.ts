// `log-router gc`: objects that no receipt names, left by attempts that lost or died. Only old ones go: an attempt that is still being
// written has no receipt either.
import { z } from "zod";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { ObjectInfo } from "../../shared/ports/object-store.ts";
import type { ReportDeps } from "./deps.ts";
import { receiptGroups } from "./receipt-groups.ts";
import { refusedPrefix } from "./refused-lines.ts";

/** Younger objects may belong to an attempt in work (DESIGN.md 3). */
export const MIN_AGE_HOURS = 24;

/** Prefixes whose objects belong to an attempt: `<prefix>/<source id>/<attempt>…`. */
const ATTEMPT_PREFIXES = ["parts/", "quarantine/", "shapes/"] as const;

export const gcSchema = z.object({
  dry_run: z.boolean(),
  examined: z.int().min(0).describe("Objects under parts/, quarantine/ and shapes/"),
  removed: z.int().min(0).describe("Objects removed, or that would be with --dry-run"),
  removed_bytes: z.int().min(0),
  kept_young: z.int().min(0).describe("Named by no receipt, but younger than the limit"),
});
export type GcReport = z.infer<typeof gcSchema>;

/** Removes (unless `dryRun`) what no receipt names and is older than 24 h. Memory: the keys of one source. */
export async function gcReport(deps: ReportDeps, dryRun: boolean): Promise<GcReport> {
  const report: GcReport = { dry_run: dryRun, examined: 0, removed: 0, removed_bytes: 0, kept_young: 0 };
  const limit = deps.now.getTime() - MIN_AGE_HOURS * 3_600_000;
  for (const prefix of ATTEMPT_PREFIXES) {
    for await (const [source, objects] of bySource(deps, prefix)) {
      const named = await namedObjects(deps, source);
      for (const object of objects) {
        report.examined += 1;
        if (named.has(object.key)) continue;
        if (object.lastModified.getTime() > limit) {
          report.kept_young += 1;
          continue;
        }
        if (!dryRun) await deps.store.delete({ bucket: deps.routedBucket, key: object.key }, deps.signal);
        report.removed += 1;
        report.removed_bytes += object.bytes;
      }
    }
  }
  return report;
}

async function* bySource(
  { store, routedBucket, signal }: ReportDeps,
  prefix: string,
): AsyncGenerator<[source: string, objects: ObjectInfo[]], void, undefined> {
  let source = "";
  let objects: ObjectInfo[] = [];
  for await (const object of store.list(routedBucket, prefix, signal ? { signal } : {})) {
    const id = new RegExp(`^${prefix}([0-9a-f]{32})/`).exec(object.key)?.[1];
    if (id === undefined) continue;
    if (id !== source && objects.length > 0) {
      yield [source, objects];
      objects = [];
    }
    source = id;
    objects.push(object);
  }
  if (objects.length > 0) yield [source, objects];
}

/** What is in use. */
interface Named {
  has(key: string): boolean;
}

/**
 * What the receipts of a source name, and the quarantine of lines that the warehouse refused (named by a load of the ledger). When a
 * receipt cannot be read, nothing of this source may go.
 */
async function namedObjects(deps: ReportDeps, source: string): Promise<Named> {
  const loads = await deps.warehouse.read.loads([source], deps.signal);
  const refused = loads.map((unit) => refusedPrefix(unit));
  const named = await receiptObjects(deps, source);
  return { has: (key) => named.has(key) || refused.some((prefix) => key.startsWith(prefix)) };
}

async function receiptObjects(deps: ReportDeps, source: string): Promise<ReadonlySet<string>> {
  for await (const group of receiptGroups(deps, `${source}/`)) {
    const [broken] = group.broken;
    if (broken)
      throw new RouterError("RECEIPT_INVALID", `${broken.reason} Nothing of its source was removed.`);
    return new Set(group.receipts.flatMap((receipt) => receipt.objects));
  }
  return new Set();
}
