// Tells the splitter of source files, as S3 would. Files that the ledger has settled with the same content are not announced again:
// that is only to save work, a second announcement loads nothing twice either.
import { s3Notification } from "../../shared/contracts/notification.ts";
import { sourceId } from "../../shared/contracts/keys.ts";
import type { ObjectInfo, ObjectStore } from "../../shared/ports/object-store.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import type { SourceRow, Warehouse } from "../../shared/ports/warehouse.ts";
import { LOCAL_BUCKET } from "../reports/deps.ts";
import { batches } from "./batches.ts";

/** Files looked up in the ledger with one read. */
const BATCH = 500;
const BATCH_WAIT_MS = 200;

export interface AnnounceDeps {
  readonly store: ObjectStore;
  readonly warehouse: Warehouse;
  /** Where notifications go. */
  readonly queue: Queue;
  readonly signal: AbortSignal;
  /** How fast they go; default: as fast as they come. */
  readonly pace?: { readonly atOnce: number; wait(count: number, signal: AbortSignal): Promise<void> };
  /** A source object was announced. */
  onAnnounced(object: ObjectInfo): void;
  /** The same objects, many at a time. */
  onBatch?(objects: readonly ObjectInfo[]): Promise<void>;
  /** The ledger can be asked from then on; default: now. */
  readonly ready?: Promise<void>;
  /** Everything but sending. */
  readonly dryRun?: boolean;
  /** A source object needs nothing: its present content is settled. */
  onSettled(row: SourceRow): void;
}

/** Announces until the files end or the signal fires; the message is durable when a file is reported. */
export async function announceFiles(
  deps: AnnounceDeps,
  files: AsyncIterable<{ readonly path: string }>,
): Promise<void> {
  for await (const batch of batches(files, BATCH, BATCH_WAIT_MS)) {
    const objects: ObjectInfo[] = [];
    for (const { path } of batch) {
      if (deps.signal.aborted) return;
      const object = await deps.store.head({ bucket: LOCAL_BUCKET, key: path }, deps.signal);
      if (object) objects.push(object);
    }
    await announceBatch(deps, objects);
  }
}

/** As `announceFiles`, for objects that a listing gave: one on S3 has the ETag in it, so none is asked for by itself. */
export async function announceObjects(deps: AnnounceDeps, objects: AsyncIterable<ObjectInfo>): Promise<void> {
  for await (const batch of batches(objects, BATCH, BATCH_WAIT_MS)) {
    if (deps.signal.aborted) return;
    await announceBatch(deps, batch);
  }
}

async function announceBatch(deps: AnnounceDeps, objects: readonly ObjectInfo[]): Promise<void> {
  const names = objects.map(({ bucket, key }) => ({ bucket, key }));
  await deps.ready;
  const rows = await deps.warehouse.findSources({ names }, deps.signal);
  const byId = Map.groupBy(rows, (row) => row.sourceId);
  const due: ObjectInfo[] = [];
  for (const object of objects) {
    const settled = settledRow(byId.get(sourceId(object.bucket, object.key, object.etag)) ?? []);
    if (settled) deps.onSettled(settled);
    else due.push(object);
  }
  const atOnce = deps.pace?.atOnce ?? due.length;
  for (let from = 0; from < due.length; from += atOnce) {
    const group = due.slice(from, from + atOnce);
    await deps.pace?.wait(group.length, deps.signal);
    if (!deps.dryRun) {
      await deps.queue.send(
        group.map(({ bucket, key, bytes, etag }) => s3Notification(bucket, key, bytes, etag)),
      );
    }
    for (const object of group) deps.onAnnounced(object);
    await deps.onBatch?.(group);
  }
}

/**
 * The row that says that nothing is to be done for this content, if one does: `rows` are its generations. Content that a newer one has
 * replaced may have come back, which only the splitter can tell; `loading` and `dead` are not at their end.
 */
function settledRow(rows: readonly SourceRow[]): SourceRow | undefined {
  const loaded = rows.find(({ state }) => state === "loaded");
  if (loaded) return loaded;
  return rows.every(({ state }) => state === "failed" || state === "ignored") ? rows.at(-1) : undefined;
}
