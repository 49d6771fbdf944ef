// Puts the loader together from its parts.
import type { Config } from "../../shared/config/schema.ts";
import { Admission, type Admitted } from "./admission.ts";
import { CatalogCache } from "./catalog-cache.ts";
import { CommitBudget } from "./commit-budget.ts";
import { enqueue } from "./enqueue.ts";
import type { Telemetry } from "./events.ts";
import { LoadLoop } from "./load-loop.ts";
import type { LoaderDeps } from "./loader.ts";
import { PendingPoller } from "./pending-poller.ts";
import { JobPicker } from "./pick-job.ts";
import { JobPlanner } from "./plan-job.ts";
import { ReceiptDesk } from "./receipt-desk.ts";
import { LineRejecter } from "./reject-lines.ts";
import { JobRunner } from "./run-job.ts";
import { SourceSettler } from "./source-settler.ts";
import { TableQueues } from "./table-queues.ts";
import { WarehouseGate } from "./warehouse-gate.ts";
import type { ReceiptWork } from "./work.ts";

export interface LoaderParts {
  readonly telemetry: Telemetry;
  readonly gate: WarehouseGate;
  readonly queues: TableQueues;
  readonly settler: SourceSettler;
  readonly desk: ReceiptDesk;
  readonly admission: Admission;
  readonly poller: PendingPoller;
  readonly loop: LoadLoop;
}

/** `onChange` is called whenever something has ended, opened or closed. Nothing runs yet. */
export function composeParts(
  deps: LoaderDeps,
  config: Config,
  signal: AbortSignal,
  onChange: () => void,
): LoaderParts {
  const { warehouse, clock } = deps;
  const random = deps.random ?? Math.random;
  const telemetry = { metrics: deps.metrics, log: deps.log, observer: deps.observer };
  const perMinute = config.loader.max_commits_per_minute;
  const budget = new CommitBudget(perMinute, clock.now().getTime());
  const spend = (): void => budget.spend(1, clock.now().getTime());
  const gate = new WarehouseGate({ warehouse, clock, random, telemetry, onChange, signal });
  const catalogs = new CatalogCache(gate);
  const queues = queuesOf(config, random);
  // Half of the commits at the most is for rows of `sources`; they count in the whole.
  const rowBudget = new CommitBudget(perMinute / 2, clock.now().getTime());
  const settler = new SourceSettler({ gate, clock, signal, budget: rowBudget, onCommit: spend });
  const common = { gate, settler, clock, random, telemetry, retryMs: config.loader.retry_seconds * 1000 };
  // Desk and admission need each other: what the ledger contradicts is admitted again.
  const admit = (work: ReceiptWork): void => admission.add(work);
  const desk = new ReceiptDesk({ ...common, readmit: admit, onChange });
  const put = async (admitted: Admitted): Promise<void> => {
    const catalog = await catalogs.current();
    // Given up meanwhile (aborted): nobody waits for its units.
    if (desk.find(admitted.work.key) !== admitted.work) return;
    enqueue(admitted, catalog, config, queues, clock.now().getTime());
    onChange();
  };
  const bucket = deps.routedBucket;
  const admission = new Admission({
    ...common,
    store: deps.store,
    bucket,
    desk,
    signal,
    enqueue: put,
    onIdle: onChange,
  });
  const poller = new PendingPoller({
    ...common,
    idleLookMs: config.loader.idle_look_seconds * 1000,
    desk,
    admit,
  });
  const planner = new JobPlanner({ warehouse, catalogs, config, telemetry, onChange: spend });
  const runner = runnerOf(deps, { gate, planner, desk, telemetry, onExtraLoad: spend });
  const concurrentLoads = config.loader.concurrent_loads;
  const maxTables = warehouse.maxTablesPerLoad;
  const picker = new JobPicker(queues, { jobBytes: config.loader.batch_bytes, concurrentLoads, maxTables });
  const holdMs = config.loader.hold_seconds * 1000;
  const parts = { telemetry, gate, queues, settler, desk, admission, poller };
  const loop = new LoadLoop({
    ...parts,
    isAdmitting: () => admission.isBusy,
    picker,
    budget,
    runner,
    clock,
    concurrentLoads,
    holdMs,
    signal,
    onChange,
  });
  return { ...parts, loop };
}

function queuesOf(config: Config, random: () => number): TableQueues {
  const { batch_bytes: batchBytes, batch_parts: batchParts, batch_age_seconds: batchAge } = config.loader;
  const keysPerDepth = config.splitter.keys_per_depth;
  return new TableQueues({ batchBytes, batchParts, batchAgeMs: batchAge * 1000, keysPerDepth, random });
}

function runnerOf(
  deps: LoaderDeps,
  parts: {
    gate: WarehouseGate;
    planner: JobPlanner;
    desk: ReceiptDesk;
    telemetry: Telemetry;
    onExtraLoad: () => void;
  },
): JobRunner {
  const { store, warehouse, routedBucket: bucket, clock } = deps;
  const { desk, telemetry } = parts;
  const rejecter = new LineRejecter({ store, bucket, warehouse, telemetry });
  const progress = {
    loaded: desk.unitLoaded.bind(desk),
    found: desk.unitFound.bind(desk),
    superseded: desk.unitSuperseded.bind(desk),
  };
  return new JobRunner({ ...parts, store, rejecter, warehouse, bucket, clock, progress });
}
