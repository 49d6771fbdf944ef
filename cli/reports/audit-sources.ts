// `log-router audit --sources PATH`: is there a receipt for every source object that is there now?
import { z } from "zod";
import { sourceId } from "../../shared/contracts/keys.ts";
import { listReceipts } from "../../shared/receipts/list-receipts.ts";
import { LOCAL_BUCKET, ROUTED_BUCKET, type ReportDeps } from "./deps.ts";

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

/** Reads each object's present identity (in a folder: hashes its bytes) and looks for a receipt. Paths are real and absolute. */
export async function auditSources(
  deps: ReportDeps,
  files: AsyncIterable<{ readonly path: string }>,
): Promise<SourceListing> {
  const listing: SourceListing = { objects: 0, with_receipt: 0, missing: [], missing_count: 0 };
  for await (const { path: key } of files) {
    const info = await deps.store.head({ bucket: LOCAL_BUCKET, key }, deps.signal);
    if (!info) continue;
    listing.objects += 1;
    if (await hasReceipt(deps, sourceId(LOCAL_BUCKET, key, info.etag))) {
      listing.with_receipt += 1;
      continue;
    }
    listing.missing_count += 1;
    if (listing.missing.length < NAMED) listing.missing.push(key);
  }
  return listing;
}

async function hasReceipt({ store, signal }: ReportDeps, id: string): Promise<boolean> {
  const receipts = listReceipts(store, ROUTED_BUCKET, { sourceId: id, ...(signal ? { signal } : {}) });
  const first = await receipts.next();
  return !first.done;
}
