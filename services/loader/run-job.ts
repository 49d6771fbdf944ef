// One load from beginning to end, whatever the warehouse answers. A load of several tables that fails is tried table by table; a direct
// one that is refused is staged; a staged one that is refused is halved down to one unit, and there the refused lines are found. What
// happened to a load whose answer never came is asked of the ledger, never guessed.
import { randomBytes } from "node:crypto";
import type { Clock } from "../../shared/ports/clock.ts";
import type { LoadJob, LoadResult, UnitKey, UnitLoaded, Warehouse } from "../../shared/ports/warehouse.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { unitText } from "../../shared/warehouse/source-rules.ts";
import { batchEnded, unitLoaded, warned, type BatchOutcome, type Telemetry } from "./events.ts";
import type { JobPlanner, Lot, PlannedJob } from "./plan-job.ts";
import type { LineRejecter, Refusal } from "./reject-lines.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";
import type { UnitWork } from "./work.ts";

export interface UnitProgress {
  /** The unit is in `loads`. */
  loaded(unit: UnitWork): void;
  /** In `loads`, but not by the load just made: by another loader, or by one whose answer never came. */
  found(unit: UnitWork): void;
  superseded(unit: UnitWork): void;
}

export interface JobRunnerOptions {
  readonly warehouse: Warehouse;
  readonly gate: WarehouseGate;
  readonly planner: JobPlanner;
  readonly rejecter: LineRejecter;
  readonly bucket: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly progress: UnitProgress;
}

/** Units that could not be loaded now. */
export interface JobFailure {
  readonly units: readonly UnitWork[];
  readonly error: unknown;
  /** The warehouse did not answer: says nothing about the units. */
  readonly isAway: boolean;
  /** The tables could not be changed. */
  readonly isSchema: boolean;
}

interface Attempt {
  readonly lots: readonly Lot[];
  readonly batchId: string;
}

type Step = { readonly next: readonly Attempt[] } | { readonly failure: JobFailure };

/** Answers `stale` or `blocked` in a row, each of which says that somebody else got on; more are somebody's fault. */
const MAX_ROUNDS = 50;
const NOTHING: Step = { next: [] };

export class JobRunner {
  readonly #options: JobRunnerOptions;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /** Never rejects but with the signal's reason. Every unit ends in `progress` or in a failure. */
  async run(lots: readonly Lot[], signal: AbortSignal): Promise<readonly JobFailure[]> {
    const failures: JobFailure[] = [];
    const attempts: Attempt[] = [{ lots, batchId: newBatchId() }];
    for (let attempt = attempts.shift(); attempt; attempt = attempts.shift()) {
      signal.throwIfAborted();
      const step = await this.#attempt(attempt, signal);
      if ("failure" in step) failures.push(step.failure);
      else attempts.unshift(...step.next);
    }
    return failures;
  }

  async #attempt({ lots, batchId }: Attempt, signal: AbortSignal): Promise<Step> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const left = withoutFinished(lots);
      if (left.length === 0) return NOTHING;
      let planned: PlannedJob;
      try {
        planned = await this.#options.planner.plan(left, signal);
      } catch (error) {
        signal.throwIfAborted();
        return this.#failed(left, error, true);
      }
      const job = this.#job(batchId, planned);
      let result: LoadResult;
      try {
        result = await this.#options.warehouse.load(job, signal);
      } catch (error) {
        return await this.#resolve(planned, job, error, signal);
      }
      this.#told(job, result);
      if (result.kind === "refused") return await this.#refused(planned, job, result, signal);
      if (result.kind === "stale") await this.#options.planner.refresh();
      this.#progress(left, result);
    }
    return this.#failed(withoutFinished(lots), stuck(), false);
  }

  #job(batchId: string, planned: PlannedJob): LoadJob {
    const tables = planned.tables.map(({ plan, lot }) => ({
      plan,
      units: lot.units.map(({ unit }) => unit),
    }));
    return { batchId, bucket: this.#options.bucket, tables, catalogVersion: planned.catalogVersion };
  }

  #progress(lots: readonly Lot[], result: Exclude<LoadResult, { kind: "refused" }>): void {
    const { progress } = this.#options;
    const units = byKey(lots);
    if (result.kind === "loaded") {
      for (const loaded of result.units) this.#unitLoaded(units.get(unitText(loaded)), loaded);
    }
    if (result.kind === "blocked") {
      for (const key of result.alreadyLoaded) finish(units, key, (unit) => progress.found(unit));
      for (const key of result.superseded) finish(units, key, (unit) => progress.superseded(unit));
    }
  }

  #unitLoaded(unit: UnitWork | undefined, loaded: UnitLoaded): void {
    if (!unit) return;
    const { telemetry, clock, progress } = this.#options;
    unitLoaded(telemetry, unit.unit, loaded, clock.now());
    if (loaded.rescued > 0) {
      warned(telemetry, "rescued", `table ${loaded.table}: ${loaded.rescued} values went to _lr_rescued`);
    }
    progress.loaded(unit);
  }

  /** After a throw nobody knows whether the load was committed. What is in `loads` is done; the rest is tried again, which the guard makes safe. */
  async #resolve(planned: PlannedJob, job: LoadJob, error: unknown, signal: AbortSignal): Promise<Step> {
    signal.throwIfAborted();
    const lots = planned.tables.map(({ lot }) => lot);
    this.#log(job, "unknown", { reason: messageOf(error) });
    this.#options.gate.close(error);
    const units = byKey(lots);
    const keys = [...units.values()].map(({ unit }) => unit);
    const rows = await this.#options.gate.run((warehouse, signal) => warehouse.loadedUnits(keys, signal));
    for (const row of rows) finish(units, row, (unit) => this.#options.progress.found(unit));
    return this.#failed(withoutFinished(lots), error, false);
  }

  #failed(lots: readonly Lot[], error: unknown, isSchema: boolean): Step {
    const isAway = this.#options.gate.close(error);
    if (lots.length > 1 && !isAway) return { next: lots.map((lot) => alone(lot)) };
    const units = lots.flatMap((lot) => lot.units);
    if (units.length === 0) return NOTHING;
    return { failure: { units, error, isAway, isSchema } };
  }

  async #refused(
    planned: PlannedJob,
    job: LoadJob,
    { table, reason, lines }: Extract<LoadResult, { kind: "refused" }>,
    signal: AbortSignal,
  ): Promise<Step> {
    const { tables } = planned;
    if (tables.length > 1) return { next: apart(planned, table) };
    const { lot, plan } = tables[0]!;
    if (plan.mode === "direct") {
      return { next: [alone({ ...lot, stage: `the direct load was refused: ${reason}` })] };
    }
    if (lot.units.length > 1) return { next: halves(lot) };
    return await this.#cleaned(lot, job, { reason, lines: lines ?? [] }, signal);
  }

  /** Loads a single unit that was refused, without the lines that are to blame. */
  async #cleaned(lot: Lot, job: LoadJob, refused: Refusal, signal: AbortSignal): Promise<Step> {
    const unit = lot.units[0]!;
    const whole = unit.unit;
    if (whole.rejectedLines.length > 0) return this.#failed([lot], refusal(refused.reason), false);
    try {
      await using cleaned = await this.#options.rejecter.reject(whole, job, refused, signal);
      unit.unit = cleaned.unit;
      return await this.#attempt({ lots: [lot], batchId: cleaned.batchId }, signal);
    } catch (error) {
      signal.throwIfAborted();
      return this.#failed([lot], error, false);
    } finally {
      // Its parts without the lines are gone; next time the lines are looked for again.
      if (unit.state === "loading") unit.unit = whole;
    }
  }

  #told(job: LoadJob, result: LoadResult): void {
    const more = {
      ...(result.kind === "loaded" ? { seconds: result.seconds } : {}),
      ...(result.kind === "refused" ? { reason: result.reason } : {}),
    };
    this.#log(job, result.kind, more);
  }

  #log(job: LoadJob, outcome: BatchOutcome, more: { seconds?: number; reason?: string }): void {
    const tables = job.tables.map(({ plan }) => plan.table);
    const units = job.tables.reduce((sum, table) => sum + table.units.length, 0);
    batchEnded(this.#options.telemetry, outcome, { batchId: job.batchId, tables, units, ...more });
  }
}

/** Identity of one load: 16 lower-case hex digits. */
function newBatchId(): string {
  return randomBytes(8).toString("hex");
}

function alone(lot: Lot): Attempt {
  return { lots: [lot], batchId: newBatchId() };
}

/** The refused table by itself and the others together, or, when it is not known which it was, each by itself. */
function apart({ tables }: PlannedJob, refused: string | undefined): Attempt[] {
  const isRefused = ({ plan }: PlannedJob["tables"][number]): boolean => plan.table === refused;
  const others = tables.filter((table) => !isRefused(table)).map(({ lot }) => lot);
  if (others.length === tables.length) return others.map(alone);
  const named = tables.filter(isRefused).map(({ lot }) => alone(lot));
  return [{ lots: others, batchId: newBatchId() }, ...named];
}

function halves(lot: Lot): Attempt[] {
  const middle = Math.ceil(lot.units.length / 2);
  return [lot.units.slice(0, middle), lot.units.slice(middle)].map((units) => alone({ ...lot, units }));
}

function withoutFinished(lots: readonly Lot[]): Lot[] {
  return lots
    .map((lot) => ({ ...lot, units: lot.units.filter(({ state }) => state === "loading") }))
    .filter(({ units }) => units.length > 0);
}

function byKey(lots: readonly Lot[]): Map<string, UnitWork> {
  return new Map(lots.flatMap(({ units }) => units.map((unit) => [unitText(unit.unit), unit])));
}

function finish(units: ReadonlyMap<string, UnitWork>, key: UnitKey, how: (unit: UnitWork) => void): void {
  const unit = units.get(unitText(key));
  if (unit?.state === "loading") how(unit);
}

function refusal(reason: string): RouterError {
  return new RouterError("WAREHOUSE_REFUSED", `The warehouse refuses the unit: ${reason}.`);
}

function stuck(): RouterError {
  return new RouterError("WAREHOUSE_FAILED", "The warehouse keeps answering that somebody else was first.", {
    retryable: true,
  });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
