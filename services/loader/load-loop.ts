// The loader's heartbeat: starts loads as batches become due and budget and slots allow, writes to `pending` what has been held for too
// long, and looks into `pending` from time to time. Sleeps until the next of these, or until somebody wakes it.
import type { Clock } from "../../shared/ports/clock.ts";
import type { CommitBudget } from "./commit-budget.ts";
import { gauges, housekeepingFailed, type Telemetry } from "./events.ts";
import type { PendingPoller } from "./pending-poller.ts";
import type { JobPicker } from "./pick-job.ts";
import type { ReceiptDesk } from "./receipt-desk.ts";
import { messageOf, type JobFailure, type JobRunner } from "./run-job.ts";
import type { Batch, Due, TableQueues } from "./table-queues.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";
import type { ReceiptWork, UnitWork } from "./work.ts";

export interface LoadLoopOptions {
  readonly queues: TableQueues;
  readonly picker: JobPicker;
  readonly budget: CommitBudget;
  readonly runner: JobRunner;
  readonly gate: WarehouseGate;
  readonly desk: ReceiptDesk;
  readonly poller: PendingPoller;
  /** Receipts are being read, whose units may go into the batches that are open. */
  readonly isAdmitting: () => boolean;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly concurrentLoads: number;
  readonly holdMs: number;
  readonly signal: AbortSignal;
  /** Something has ended: room for more, or everything is done. */
  readonly onChange: () => void;
}

const LONGEST_SLEEP_MS = 60_000;
/** Loads that fail for their table's change before they go without it, what has no column being rescued. */
const SCHEMA_FAILURES = 3;
/** Failures of a unit before it goes to `pending`, in a hurry (`flush`) or when its source is to blame: its table is there for others. */
const FEW_FAILURES = 3;
const RELEASE_PAUSE_MS = 10_000;

export class LoadLoop {
  /** Nothing waits for its age, only for receipts that are being read, and what keeps failing goes to `pending` early. */
  isHurried = false;
  readonly #options: LoadLoopOptions;
  readonly #jobs = new Set<Promise<void>>();
  #unhealthyJobs = 0;
  #wake = new AbortController();
  #releaseNotBefore = 0;

  constructor(options: LoadLoopOptions) {
    this.#options = options;
  }

  get runningJobs(): number {
    return this.#jobs.size;
  }

  /** Something may have become due. */
  wake(): void {
    this.#wake.abort();
  }

  /** Resolves when the signal has fired and every load under way has ended. Never rejects. */
  async run(): Promise<void> {
    const { clock, gate, poller, signal, queues, telemetry, desk, isAdmitting } = this.#options;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const now = clock.now().getTime();
      // A load has its price, whatever it loads: what is coming in this moment goes with it.
      if (this.isHurried && !isAdmitting()) queues.hurry();
      if (gate.isOpen) this.#startJobs(now);
      this.#releaseHeld(now);
      if (gate.isOpen && now >= poller.nextAt && !poller.isBusy) this.#look();
      gauges(telemetry, desk.size, queues.size);
      const wake = AbortSignal.any([signal, this.#wake.signal]);
      await clock.sleep(this.#sleepMs(now), wake).catch(() => undefined);
    }
    await this.jobsEnded();
  }

  /** A look that took longer than the pause behind it is followed by the next one, not by the longest sleep. */
  #look(): void {
    void this.#options.poller.poll().then(() => this.wake());
  }

  async jobsEnded(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.all(this.#jobs);
  }

  #startJobs(now: number): void {
    const { budget, picker, concurrentLoads } = this.#options;
    while (this.#jobs.size < concurrentLoads && (this.isHurried || budget.waitMs(now) === 0)) {
      const due = picker.pick(now, this.#unhealthyJobs);
      if (due.length === 0) return;
      budget.spend(1, now);
      this.#start(due);
    }
  }

  #start(due: readonly Due[]): void {
    const isUnhealthy = due.some((one) => one.isUnhealthy);
    if (isUnhealthy) this.#unhealthyJobs++;
    const batches = due.map((one) => this.#options.queues.take(one));
    const job = this.#job(batches, isUnhealthy).finally(() => {
      if (isUnhealthy) this.#unhealthyJobs--;
      this.#jobs.delete(job);
      this.wake();
      this.#options.onChange();
    });
    this.#jobs.add(job);
  }

  /** Never rejects. */
  async #job(batches: readonly Batch[], wasUnhealthy: boolean): Promise<void> {
    const { runner, signal, poller } = this.#options;
    const lots = batches.map(({ units, shape, schemaFailures }) => ({
      units,
      shape,
      frozen: schemaFailures >= SCHEMA_FAILURES,
    }));
    let failures: readonly JobFailure[];
    try {
      failures = await runner.run(lots, signal);
    } catch (error) {
      if (signal.aborted) return;
      failures = [{ units: batches.flatMap(({ units }) => units), error, isAway: false, isSchema: false }];
    }
    await this.#failed(batches, failures);
    if (!wasUnhealthy || failures.length > 0) return;
    const types = new Set(batches.flatMap(({ units }) => units.map(({ unit }) => unit.eventType)));
    void poller.poll(types);
  }

  async #failed(batches: readonly Batch[], failures: readonly JobFailure[]): Promise<void> {
    const { queues, desk, clock } = this.#options;
    const failed = new Map<UnitWork, JobFailure>();
    for (const failure of failures) for (const unit of failure.units) failed.set(unit, failure);
    for (const [unit, { error, isAway }] of failed) {
      if (!isAway) unit.failures++;
      unit.lastError = messageOf(error);
    }
    desk.dropReleased([...failed.keys()]);
    for (const batch of batches) {
      const why = batch.units.flatMap((unit) => failed.get(unit) ?? []);
      if (why.length === 0) queues.succeeded(batch.queue);
      else {
        if (why.some(({ isSchema }) => isSchema)) batch.schemaFailures++;
        queues.failed(
          batch,
          why.some(({ isAway }) => !isAway),
          clock.now().getTime(),
        );
      }
    }
    const tried = [...failed].filter(([unit, { isSource }]) => this.#hasTriedEnough(unit, isSource ?? false));
    await this.#release(tried.map(([{ work }]) => work));
  }

  #hasTriedEnough({ work, failures }: UnitWork, isSource: boolean): boolean {
    if (work.released || work.isReleasing || failures === 0) return false;
    return work.origin === "pending" || ((this.isHurried || isSource) && failures >= FEW_FAILURES);
  }

  #releaseHeld(now: number): void {
    if (now < this.#releaseNotBefore) return;
    const held = [...this.#options.desk.works()].filter(
      (work) => isHeld(work) && now >= this.#heldUntil(work),
    );
    if (held.length > 0) void this.#release(held);
  }

  /** Never rejects. */
  async #release(works: readonly ReceiptWork[]): Promise<void> {
    const { desk, queues, clock, telemetry, signal, poller } = this.#options;
    if (works.length === 0) return;
    try {
      await desk.release([...new Set(works)]);
      poller.expect();
      queues.sweep();
    } catch (error) {
      if (signal.aborted) return;
      this.#releaseNotBefore = clock.now().getTime() + RELEASE_PAUSE_MS;
      housekeepingFailed(telemetry, "writing pending units", error);
    }
  }

  #heldUntil(work: ReceiptWork): number {
    return Math.max(work.since, this.#options.gate.backAt) + this.#options.holdMs;
  }

  #sleepMs(now: number): number {
    const { queues, budget, gate, poller, desk, concurrentLoads } = this.#options;
    const times = [now + LONGEST_SLEEP_MS];
    if (gate.isOpen) {
      times.push(poller.nextAt);
      const wait = budget.waitMs(now);
      if (this.#jobs.size < concurrentLoads && wait > 0) times.push(now + wait);
      times.push(queues.nextDueAt(now) ?? Infinity);
    }
    for (const work of desk.works()) if (isHeld(work)) times.push(this.#heldUntil(work));
    times.push(this.#releaseNotBefore);
    return Math.min(...times.filter((time) => time > now)) - now;
  }
}

/** Its units can go to `pending`: the receipt has been read, and somebody still waits for it. */
function isHeld({ origin, row, released, isReleasing }: ReceiptWork): boolean {
  return origin === "message" && row !== undefined && !released && !isReleasing;
}
