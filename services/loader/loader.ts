// The loader as its caller sees it: a worker that is started once, and stops by itself, by draining, or at once.
import type { Clock } from "../../shared/ports/clock.ts";
import type { Metrics } from "../../shared/ports/metrics.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import type { Warehouse } from "../../shared/ports/warehouse.ts";
import type { PipelineObserver } from "../../shared/runtime/observer.ts";
import type { EventLog } from "./events.ts";

export interface LoaderDeps {
  readonly store: ObjectStore;
  /** Announces receipts. */
  readonly loadQueue: Queue;
  readonly warehouse: Warehouse;
  /** Bucket of receipts, parts and quarantine. */
  readonly routedBucket: string;
  readonly metrics: Metrics;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly observer?: PipelineObserver;
  /** Numbers from 0 to 1 for jitter. Default Math.random. */
  readonly random?: () => number;
}

/** In order of life. */
export type LoaderState = "idle" | "running" | "draining" | "stopped";

export interface LoaderStatus {
  readonly state: LoaderState;
  /** Receipts in hand. */
  readonly receipts: number;
  /** Units waiting for a load. */
  readonly units: number;
  /** Loads under way. */
  readonly loads: number;
  /** False while the warehouse does not answer; nothing is received then. */
  readonly isWarehouseUp: boolean;
  /** As `Consumer.emptyReceives`. */
  readonly emptyReceives: number | undefined;
}

export interface Loader extends AsyncDisposable {
  readonly status: LoaderStatus;
  /**
   * Prepares the warehouse and begins to receive. Throws what `Warehouse.prepare` throws (WAREHOUSE_LOCKED names who holds it); the loader
   * is `idle` then and may be started again.
   */
  start(): Promise<void>;
  /**
   * Closes all batches; the first time it also tries everything in `pending` once more, due or not. Until nothing is in hand any
   * longer and nobody waits in `whenIdle`, batches do not wait for their age (for the receipts that are being read they do), and a unit that
   * fails three times goes to `pending` without waiting for `hold_seconds`.
   */
  flush(): void;
  /**
   * Resolves when no receipt is in hand, no batch open, no load under way, no message's outcome unwritten and nothing in `pending` due.
   * Throws ABORTED when the loader is aborted first.
   */
  whenIdle(): Promise<void>;
  /** Stops receiving, loads what is in hand without waiting for batches to fill, settles it, stops. */
  drain(): Promise<void>;
  /** Stops at once: loads are cut short, messages in hand become visible again. Safe at any moment. */
  abort(): Promise<void>;
}
