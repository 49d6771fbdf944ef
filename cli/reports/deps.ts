// What the reading verbs read from: ports only, so that every report holds for every adapter.
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import type { Warehouse } from "../../shared/ports/warehouse.ts";

/** Bucket of parts, receipts and quarantine of the embedded default. */
export const ROUTED_BUCKET = "routed";
/** Bucket of the machine's own files; a key is a real absolute path. */
export const LOCAL_BUCKET = "local";

export interface ReportDeps {
  readonly store: ObjectStore;
  /** Bucket of parts, receipts and quarantine. */
  readonly routedBucket: string;
  readonly warehouse: Warehouse;
  readonly splitQueue: Queue;
  readonly loadQueue: Queue;
  /** Old source objects, worked on when nothing live waits. */
  readonly backfillQueue: Queue;
  readonly now: Date;
  readonly signal?: AbortSignal;
}
