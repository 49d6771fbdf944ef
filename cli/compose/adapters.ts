// What every verb works with, whichever adapters are behind it.
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import type { Warehouse } from "../../shared/ports/warehouse.ts";

export interface Adapters extends AsyncDisposable {
  /** Sources and the routed bucket. */
  readonly store: ObjectStore;
  /** Bucket of parts, receipts and quarantine. */
  readonly routedBucket: string;
  /** Notifications of source objects, for the splitter. */
  readonly splitQueue: Queue;
  /** Old source objects, for the splitter when nothing live waits. */
  readonly backfillQueue: Queue;
  /** Notifications of receipts, for the loader. */
  readonly loadQueue: Queue;
  readonly warehouse: Warehouse;
  readonly scratchFolder: string;
  /** Files and folders of the router's own: never sources. */
  readonly ownPaths: readonly string[];
  /** True where S3 and other machines use the same queues: what is in them is not this process's affair alone. */
  readonly isShared: boolean;
  /** Pause between looks at queues and ledger. */
  readonly pollMs: number;
}
