// `log-router audit --sources PATH`: is there a receipt for every source object that is there now?
import { z } from "zod";
import { sourceId } from "../../shared/contracts/keys.ts";
import { listReceipts } from "../../shared/receipts/list-receipts.ts";
import type { ObjectRef } from "../../shared/ports/object-store.ts";
import { sourceName } from "../compose/s3-path.ts";
import type { ReportDeps } from "./deps.ts";

/** Missing ones named one by one up to this many. */
const NAMED = 100;

export const sourceListingSchema = z.object({
  objects: z.int().min(0).describe("Source objects found"),
  with_receipt: z.int().min(0),
  missing: z
    .array(z.string())
    .describe(`Keys without a receipt for their present content, ${NAMED} at the most`),
  missing_count: z.int().min(0).describe("Not 0 makes the exit code 1"),
});
export type SourceListing = z.infer<typeof sourceListingSchema>;

/** Reads each object's present identity (in a folder: hashes its bytes) and looks for a receipt. */
export async function auditSources(
  deps: ReportDeps,
  objects: AsyncIterable<ObjectRef>,
): Promise<SourceListing> {
  const listing: SourceListing = { objects: 0, with_receipt: 0, missing: [], missing_count: 0 };
  for await (const { bucket, key } of objects) {
    const info = await deps.store.head({ bucket, key }, deps.signal);
    if (!info) continue;
    listing.objects += 1;
    if (await hasReceipt(deps, sourceId(bucket, key, info.etag))) {
      listing.with_receipt += 1;
      continue;
    }
    listing.missing_count += 1;
    if (listing.missing.length < NAMED) listing.missing.push(sourceName(bucket, key));
  }
  return listing;
}

async function hasReceipt({ store, routedBucket, signal }: ReportDeps, id: string): Promise<boolean> {
  const receipts = listReceipts(store, routedBucket, { sourceId: id, ...(signal ? { signal } : {}) });
  const first = await receipts.next();
  return !first.done;
}
