// One load: checks what has to be checked, puts the lists, sends one transaction, and finds out what became of it. Whatever the answer was, the
// ledger is asked: a statement reported FAILED or ABORTED may have committed.
import { RouterError } from "../../errors/router-error.ts";
import type { LoadJob, LoadResult, UnitLoaded, Warehouse } from "../../ports/warehouse.ts";
import { allUnits, requireDistinct } from "../duckdb/job-units.ts";
import { unitKey } from "../source-rules.ts";
import { blockedUnits, hasHigherGeneration } from "./blocked-units.ts";
import { isDirect } from "./copy-groups.ts";
import type { Run } from "./database.ts";
import { failureReason } from "./errors.ts";
import { readSettings, type LoaderContext } from "./load-context.ts";
import { LoadObjects } from "./load-objects.ts";
import { classify, copyRefusal, hasCommitted, type Answer } from "./load-outcome.ts";
import { copyStatement, requireFit } from "./load-statements.ts";
import { prepareCopies, prepareLoad, type PreparedLoad } from "./prepare-load.ts";
import { Refused } from "./refused.ts";

type ProbeResult = Awaited<ReturnType<NonNullable<Warehouse["probe"]>>>;

/** Answers that say "once more", in a row. */
const ROUNDS = 4;

export class JobLoader {
  readonly #context: LoaderContext;
  /** Fixed when the schema is made. */
  #slots: number | undefined;

  constructor(context: LoaderContext) {
    this.#context = context;
  }

  async load(job: LoadJob, signal?: AbortSignal): Promise<LoadResult> {
    signal?.throwIfAborted();
    const started = performance.now();
    const units = allUnits(job);
    requireDistinct(units);
    const run = this.#run(job, signal);
    const { database } = this.#context;
    if (hasHigherGeneration(units)) return blockedUnits(database, units, run);
    let checkAll = false;
    for (let round = 1; round <= ROUNDS; round++) {
      const answer = await database.retried(() => this.#attempt(job, checkAll, started, run), signal);
      if (answer.kind === "done") return answer.result;
      if (answer.kind === "check") checkAll = true;
    }
    throw new RouterError("WAREHOUSE_FAILED", `load of batch ${job.batchId}: the ledger keeps changing`, {
      retryable: true,
    });
  }

  /** Would COPY take these rows? Nothing is written: COPY … NOLOAD checks every file and value. */
  async probe(job: LoadJob, signal?: AbortSignal): Promise<ProbeResult> {
    requireDistinct(allUnits(job));
    const run = { ...this.#run(job, signal), name: `probe ${job.batchId}` };
    const { database, config } = this.#context;
    if ((await readSettings(database, run)).catalogVersion !== job.catalogVersion) return { kind: "stale" };
    const objects = this.#objects(job, signal);
    try {
      const { copies } = await prepareCopies({ job, checkAll: true, objects, run });
      if (copies.length === 0) return { kind: "accepted" };
      const sqls = copies.map((copy) => copyStatement(config.tables.schema, config.redshift, copy, true));
      const outcome = await database.attempt(sqls, run);
      if (outcome.kind === "finished") return { kind: "accepted" };
      const { table } = copies[outcome.statement ?? 0]!.group;
      return (await copyRefusal(this.#context, table, outcome, copies, run)).toResult();
    } catch (error) {
      if (error instanceof Refused) return error.toResult();
      throw error;
    } finally {
      await objects.remove();
    }
  }

  #run(job: LoadJob, signal: AbortSignal | undefined): Run {
    const tables = job.tables.map(({ plan }) => plan.table).join(" ");
    const timeoutSeconds = this.#context.config.redshift.load_timeout_seconds;
    return { name: `load ${job.batchId} ${tables}`, signal, timeoutSeconds };
  }

  #objects(job: LoadJob, signal: AbortSignal | undefined): LoadObjects {
    return new LoadObjects(this.#context.store, this.#context.bucket, job.batchId, signal);
  }

  async #attempt(job: LoadJob, checkAll: boolean, started: number, run: Run): Promise<Answer> {
    // Checking lines is work: not for a plan that is stale already. Else the guard says it.
    const isChecked = checkAll || !job.tables.every(isDirect);
    if (isChecked || this.#slots === undefined) {
      const settings = await readSettings(this.#context.database, run);
      this.#slots = settings.slots;
      if (settings.catalogVersion !== job.catalogVersion) return { kind: "done", result: { kind: "stale" } };
    }
    const objects = this.#objects(job, run.signal);
    const sent = { isOpen: false };
    try {
      const prepared = await prepareLoad(this.#context, { job, checkAll, slots: this.#slots, objects, run });
      const tables = job.tables.map(({ plan }) => plan.table);
      // Parts of two compressions name all columns twice; checked lines have one compression.
      if (!requireFit(prepared.statements, tables, tables.length === 1 && !isChecked))
        return { kind: "check" };
      const answer = await this.#send(job, prepared, sent, run);
      return answer ?? { kind: "done", result: loaded(job, prepared, started) };
    } catch (error) {
      if (error instanceof Refused) return { kind: "done", result: error.toResult() };
      throw error;
    } finally {
      if (!sent.isOpen) await objects.remove();
    }
  }

  /** Undefined when it is loaded as prepared. `sent.isOpen` stays true while nobody knows whether the transaction still runs. */
  async #send(
    job: LoadJob,
    prepared: PreparedLoad,
    sent: { isOpen: boolean },
    run: Run,
  ): Promise<Answer | undefined> {
    const { database, log } = this.#context;
    const sqls = prepared.statements.map(({ sql }) => sql);
    let outcome;
    try {
      sent.isOpen = true;
      outcome = await database.attempt(sqls, run);
    } catch (error) {
      if (run.signal?.aborted) throw error;
      if (!(await hasCommitted(this.#context, job, prepared.attempt, run).catch(() => false))) throw error;
      sent.isOpen = false;
      return undefined;
    }
    if (outcome.kind === "failed" && (await hasCommitted(this.#context, job, prepared.attempt, run))) {
      sent.isOpen = false;
      log.warn(
        { batch: job.batchId, answer: failureReason(outcome.error) },
        "the load was reported as failed, and had committed",
      );
      return undefined;
    }
    sent.isOpen = false;
    return outcome.kind === "finished" ? undefined : classify(this.#context, job, prepared, outcome, run);
  }
}

function loaded(job: LoadJob, { counts }: PreparedLoad, started: number): LoadResult {
  const units = job.tables.flatMap(({ plan, units }) =>
    units.map((unit): UnitLoaded => ({ ...unitKey(unit), table: plan.table, ...counts.get(unit)! })),
  );
  return { kind: "loaded", units, seconds: (performance.now() - started) / 1000 };
}
