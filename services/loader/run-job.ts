// One load from beginning to end, whatever the warehouse answers. A load of several tables that fails is tried table by table; a direct
// one that is refused is staged; a staged one that is refused is halved down to one unit, and there the refused lines are found. What
// happened to a load whose answer never came is asked of the ledger, never guessed.
import { randomBytes } from "node:crypto";
import type { Clock } from "../../shared/ports/clock.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { LoadJob, LoadResult, UnitKey, UnitLoaded, Warehouse } from "../../shared/ports/warehouse.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { unitText } from "../../shared/warehouse/source-rules.ts";
import { batchEnded, unitLoaded, warned, type BatchOutcome, type Telemetry } from "./events.ts";
import { divideTables } from "./divide-job.ts";
import { JobGathering, type GatheredTables } from "./gather/job-gathering.ts";
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
  readonly store: ObjectStore;
  readonly warehouse: Warehouse;
  readonly gate: WarehouseGate;
  readonly planner: JobPlanner;
  readonly rejecter: LineRejecter;
  readonly bucket: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly progress: UnitProgress;
  /** Told of each load beside the first of a job: it costs a commit, too. */
  readonly onExtraLoad: () => void;
}

/** Units that could not be loaded now. */
export interface JobFailure {
  readonly units: readonly UnitWork[];
  readonly error: unknown;
  /** The warehouse did not answer: says nothing about the units. */
  readonly isAway: boolean;
  /** The tables could not be changed. */
  readonly isSchema: boolean;
  /** A part of their source is gone or damaged: says nothing about the tables. */
  readonly isSource?: boolean;
}

interface Attempt {
  readonly lots: readonly Lot[];
  readonly batchId: string;
}

/** A job, or the part of it that is one transaction. */
interface Load {
  readonly planned: PlannedJob;
  readonly job: LoadJob;
}

interface Step {
  /** What is to be tried next, in this order. */
  readonly next: readonly Attempt[];
  readonly failures: readonly JobFailure[];
}

/** Answers `stale` or `blocked` in a row, each of which says that somebody else got on; more are somebody's fault. */
const MAX_ROUNDS = 50;
const NOTHING: Step = { next: [], failures: [] };

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
      failures.push(...step.failures);
      attempts.unshift(...step.next);
    }
    return failures;
  }

  async #attempt(attempt: Attempt, signal: AbortSignal): Promise<Step> {
    const damaged: JobFailure[] = [];
    const { next, failures } = await this.#rounds(attempt, damaged, signal);
    return { next, failures: [...damaged, ...failures] };
  }

  /** `damaged` takes the failures of units that are left out. */
  async #rounds({ lots, batchId }: Attempt, damaged: JobFailure[], signal: AbortSignal): Promise<Step> {
    const { store, bucket, telemetry, clock } = this.#options;
    await using gathering = new JobGathering({ store, bucket, batchId, signal, telemetry, clock });
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const left = withoutFinished(lots, damaged);
      if (left.length === 0) return NOTHING;
      let planned: PlannedJob;
      try {
        planned = await this.#options.planner.plan(left, signal);
      } catch (error) {
        signal.throwIfAborted();
        return this.#failed(left, error, true);
      }
      let gathered: GatheredTables;
      try {
        gathered = await gathering.gather(jobTables(planned));
      } catch (error) {
        signal.throwIfAborted();
        return this.#failed(left, error, false);
      }
      if (gathered.failed.size > 0) {
        damaged.push(...sourceFailures(left, gathered.failed));
        continue;
      }
      const loads = this.#divided(batchId, planned, gathered.tables);
      const steps = await allEnded(loads.map((load) => this.#load(load, gathering, signal)));
      const goOn = loads.filter((_, index) => steps[index] === undefined);
      if (goOn.length < loads.length) return joined(steps, goOn);
    }
    return this.#failed(withoutFinished(lots, damaged), stuck(), false);
  }

  /** One load, or several that run side by side. */
  #divided(batchId: string, planned: PlannedJob, tables: LoadJob["tables"]): readonly Load[] {
    const { warehouse, bucket, onExtraLoad } = this.#options;
    const { catalogVersion } = planned;
    return divideTables(tables, warehouse.loadsAtOnce ?? 1).map((some, index) => {
      if (index > 0) onExtraLoad();
      const names = new Set(some.map(({ plan }) => plan.table));
      return {
        planned: { catalogVersion, tables: planned.tables.filter(({ plan }) => names.has(plan.table)) },
        job: { batchId: index === 0 ? batchId : newBatchId(), bucket, tables: some, catalogVersion },
      };
    });
  }

  /** Undefined: what is not finished is to be planned again. Rejects with the signal's reason only. */
  async #load(
    { planned, job }: Load,
    gathering: JobGathering,
    signal: AbortSignal,
  ): Promise<Step | undefined> {
    let result: LoadResult;
    try {
      result = await this.#options.warehouse.load(job, signal);
    } catch (error) {
      gathering.keep();
      return await this.#resolve(planned, job, error, signal);
    }
    this.#told(job, result);
    if (result.kind === "refused") return await this.#refused(planned, job, result, signal);
    if (result.kind === "stale") await this.#options.planner.refresh();
    this.#progress(
      planned.tables.map(({ lot }) => lot),
      result,
    );
    return undefined;
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
    if (lots.length > 1 && !isAway) return { next: lots.map((lot) => alone(lot)), failures: [] };
    const units = lots.flatMap((lot) => lot.units);
    if (units.length === 0) return NOTHING;
    return { next: [], failures: [{ units, error, isAway, isSchema }] };
  }

  async #refused(
    planned: PlannedJob,
    job: LoadJob,
    { table, reason, lines }: Extract<LoadResult, { kind: "refused" }>,
    signal: AbortSignal,
  ): Promise<Step> {
    const { tables } = planned;
    if (tables.length > 1) return { next: apart(planned, table), failures: [] };
    const { lot, plan } = tables[0]!;
    if (plan.mode === "direct") {
      const stage = `the direct load was refused: ${reason}`;
      return { next: [alone({ ...lot, stage })], failures: [] };
    }
    if (lot.units.length > 1) return { next: halves(lot), failures: [] };
    return await this.#cleaned(lot, job, { reason, lines: lines ?? [] }, signal);
  }

  /** Loads a single unit that was refused, without the lines that are to blame. Those are looked for in its gathered parts: no line is another's. */
  async #cleaned(lot: Lot, job: LoadJob, refused: Refusal, signal: AbortSignal): Promise<Step> {
    const unit = lot.units[0]!;
    const whole = unit.unit;
    if (whole.rejectedLines.length > 0) return this.#failed([lot], refusal(refused.reason), false);
    try {
      await using cleaned = await this.#options.rejecter.reject(
        job.tables[0]!.units[0]!,
        job,
        refused,
        signal,
      );
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

/** What is to be done after loads side by side: what each says, and those that say nothing go on together. */
function joined(steps: readonly (Step | undefined)[], goOn: readonly Load[]): Step {
  const lots = withoutFinished(goOn.flatMap(({ planned }) => planned.tables.map(({ lot }) => lot)));
  const rest = lots.length > 0 ? [{ lots, batchId: newBatchId() }] : [];
  return {
    next: [...steps.flatMap((step) => step?.next ?? []), ...rest],
    failures: steps.flatMap((step) => step?.failures ?? []),
  };
}

/** As `Promise.all`, but nothing is under way any more when it rejects. */
async function allEnded<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
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

function jobTables({ tables }: PlannedJob): LoadJob["tables"] {
  return tables.map(({ plan, lot }) => ({ plan, units: lot.units.map(({ unit }) => unit) }));
}

function sourceFailures(lots: readonly Lot[], failed: GatheredTables["failed"]): JobFailure[] {
  const units = lots.flatMap((lot) => lot.units).filter(({ unit }) => failed.has(unit));
  const byError = Map.groupBy(units, ({ unit }) => failed.get(unit)!);
  return [...byError].map(([error, units]) => ({
    units,
    error,
    isAway: false,
    isSchema: false,
    isSource: true,
  }));
}

/** Those that are still to be loaded, but for those that have failed. */
function withoutFinished(lots: readonly Lot[], failures: readonly JobFailure[] = []): Lot[] {
  const failed = new Set(failures.flatMap(({ units }) => units));
  const isLeft = (unit: UnitWork): boolean => unit.state === "loading" && !failed.has(unit);
  return lots
    .map((lot) => ({ ...lot, units: lot.units.filter(isLeft) }))
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
