// `log-router gc`: objects that no receipt names, left by attempts that lost or died, and lists of loads whose end nobody saw. Only old ones go:
// an attempt that is still being written has no receipt either, and a load that runs reads its lists.
import { z } from "zod";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { ObjectInfo } from "../../shared/ports/object-store.ts";
import type { ReportDeps } from "./deps.ts";
import { receiptGroups } from "./receipt-groups.ts";
import { refusedPrefix } from "./refused-lines.ts";

/** Younger objects may belong to an attempt in work (DESIGN.md 3). */
export const MIN_AGE_HOURS = 24;

/** Prefixes whose objects belong to an attempt: `<prefix>/<source id>/<attempt>…`, or `-` between the two. */
const ATTEMPT_PREFIXES = ["parts/", "quarantine/", "shapes/"] as const;

/** Lists, manifests and checked lines of one attempt at a load: `loads/<batch>/<attempt>/…`. A load removes its own once it knows its end. */
const LOAD_OBJECT = /^loads\/[^/]+\/[0-9a-f]{16}\//;

export const gcSchema = z.object({
  dry_run: z.boolean(),
  examined: z.int().min(0).describe("Objects under parts/, quarantine/, shapes/ and loads/"),
  removed: z.int().min(0).describe("Objects removed, or that would be with --dry-run"),
  removed_bytes: z.int().min(0),
  kept_young: z.int().min(0).describe("Named by no receipt, or of a load, but younger than the limit"),
});
export type GcReport = z.infer<typeof gcSchema>;

/** Removes (unless `dryRun`) what nothing needs and is older than 24 h. Memory: the keys of one source, or of one attempt at a load. */
export async function gcReport(deps: ReportDeps, dryRun: boolean): Promise<GcReport> {
  const report: GcReport = { dry_run: dryRun, examined: 0, removed: 0, removed_bytes: 0, kept_young: 0 };
  const limit = deps.now.getTime() - MIN_AGE_HOURS * 3_600_000;
  const look = async (object: ObjectInfo, isYoung: boolean): Promise<void> => {
    if (isYoung) {
      report.kept_young += 1;
      return;
    }
    if (!dryRun) await deps.store.delete({ bucket: deps.routedBucket, key: object.key }, deps.signal);
    report.removed += 1;
    report.removed_bytes += object.bytes;
  };
  for (const prefix of ATTEMPT_PREFIXES) {
    for await (const [source, objects] of grouped(deps, prefix, new RegExp(`^${prefix}([0-9a-f]{32})[/-]`))) {
      const named = await namedObjects(deps, source);
      report.examined += objects.length;
      for (const object of objects)
        if (!named.has(object.key)) await look(object, object.lastModified.getTime() > limit);
    }
  }
  for await (const [, objects] of grouped(deps, "loads/", LOAD_OBJECT)) {
    report.examined += objects.length;
    // An attempt that wrote something lately is at work, however long ago it began. Its transaction is sent behind the last object, and the
    // Data API ends what runs longer than 24 h.
    const youngest = Math.max(...objects.map(({ lastModified }) => lastModified.getTime()));
    for (const object of objects) await look(object, youngest > limit);
  }
  return report;
}

/** Objects below the prefix, those of one group (what the pattern's first capture, else its whole match, says) together. */
async function* grouped(
  { store, routedBucket, signal }: ReportDeps,
  prefix: string,
  pattern: RegExp,
): AsyncGenerator<[group: string, objects: ObjectInfo[]], void, undefined> {
  let group = "";
  let objects: ObjectInfo[] = [];
  for await (const object of store.list(routedBucket, prefix, signal ? { signal } : {})) {
    const match = pattern.exec(object.key);
    if (!match) continue;
    const own = match[1] ?? match[0];
    if (own !== group && objects.length > 0) {
      yield [group, objects];
      objects = [];
    }
    group = own;
    objects.push(object);
  }
  if (objects.length > 0) yield [group, objects];
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
