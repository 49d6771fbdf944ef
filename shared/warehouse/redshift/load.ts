// One load: checks what has to be checked, puts the lists, sends one transaction, and finds out what became of it. Whatever the answer was, the
// ledger is asked: a statement reported FAILED or ABORTED may have committed.
import type { Logger } from "pino";
import type { Config } from "../../config/schema.ts";
import type { Clock } from "../../ports/clock.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { LoadJob, LoadResult, LoadUnit, UnitLoaded } from "../../ports/warehouse.ts";
import { allUnits, requireDistinct } from "../duckdb/job-units.ts";
import { sourceText, unitKey } from "../source-rules.ts";
import { directGroups, isDirect, type CopyGroup, type JobTable } from "./copy-groups.ts";
import type { Database, Failed, Run } from "./database.ts";
import { failureKind, failureReason, statementError } from "./errors.ts";
import { blockedUnits, hasHigherGeneration } from "./blocked-units.ts";
import { LoadObjects } from "./load-objects.ts";
import { loadError } from "./load-errors.ts";
import {
  copyStatement,
  loadStatements,
  requireFit,
  type LabelledStatement,
  type ReadyCopy,
  type ReplaceScript,
} from "./load-statements.ts";
import { loadedUnits, presentTables } from "./ledger-reads.ts";
import { count } from "./rows.ts";
import { redshiftLiteral } from "../sql/quote-redshift.ts";
import { Refused } from "./refused.ts";
import { slotOf, slotsOf } from "./slots.ts";
import { writeChecked, type UnitCount } from "./write-checked.ts";
import { LEDGER_SCHEMA, parseSettings, SETTINGS_QUERY, type LedgerSettings } from "./ledger-schema.ts";
import { notPrepared } from "./not-prepared.ts";

export interface LoaderContext {
  readonly database: Database;
  readonly store: ObjectStore;
  /** Routed bucket: lists and checked lines go there. */
  readonly bucket: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What one transaction is made of. */
interface Prepared {
  readonly attempt: string;
  readonly statements: readonly LabelledStatement[];
  readonly counts: ReadonlyMap<LoadUnit, UnitCount>;
  readonly copies: readonly ReadyCopy[];
}

type Answer =
  | { readonly kind: "done"; readonly result: LoadResult }
  /** The parts have other lines than promised: to be found out, or put right, by checking each. */
  | { readonly kind: "check" }
  /** What replaced units had in the ledger has changed meanwhile. */
  | { readonly kind: "again" };

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
    if (hasHigherGeneration(units)) return blockedUnits(this.#context.database, units, run);
    let checkAll = false;
    for (let round = 1; ; round++) {
      const answer = await this.#context.database.retried(
        () => this.#attempt(job, checkAll, started, run),
        signal,
      );
      if (answer.kind === "done") return answer.result;
      if (answer.kind === "check") checkAll = true;
      if (round === ROUNDS)
        throw new RouterError("WAREHOUSE_FAILED", `load of batch ${job.batchId}: the ledger keeps changing`, {
          retryable: true,
        });
    }
  }

  /** Would COPY take these rows? Nothing is written: COPY … NOLOAD checks every file and value. */
  async probe(
    job: LoadJob,
    signal?: AbortSignal,
  ): Promise<{ kind: "accepted" } | { kind: "stale" } | ReturnType<Refused["toResult"]>> {
    requireDistinct(allUnits(job));
    const run = { ...this.#run(job, signal), name: `probe ${job.batchId}` };
    const { database, config } = this.#context;
    if ((await this.#settings(run)).catalogVersion !== job.catalogVersion) return { kind: "stale" };
    const objects = this.#objects(job, signal);
    try {
      const { copies } = await this.#copies(job, true, objects, run);
      if (copies.length === 0) return { kind: "accepted" };
      const sqls = copies.map((copy) => copyStatement(config.tables.schema, config.redshift, copy, true));
      const outcome = await database.attempt(sqls, run);
      if (outcome.kind === "finished") return { kind: "accepted" };
      const table = copies[outcome.statement ?? 0]?.group.table ?? copies[0]!.group.table;
      return (await this.#refusal(table, outcome, copies, run)).toResult();
    } catch (error) {
      if (error instanceof Refused) return error.toResult();
      throw error;
    } finally {
      await objects.remove();
    }
  }

  #run(job: LoadJob, signal: AbortSignal | undefined): Run {
    const tables = job.tables.map(({ plan }) => plan.table).join(" ");
    return {
      name: `load ${job.batchId} ${tables}`,
      signal,
      timeoutSeconds: this.#context.config.redshift.load_timeout_seconds,
    };
  }

  #objects(job: LoadJob, signal: AbortSignal | undefined): LoadObjects {
    return new LoadObjects(this.#context.store, this.#context.bucket, job.batchId, signal);
  }

  async #settings(run: Run): Promise<LedgerSettings> {
    const { database } = this.#context;
    const settings = parseSettings(await database.query(SETTINGS_QUERY, run));
    if (!settings) throw notPrepared(database.target);
    return settings;
  }

  async #attempt(job: LoadJob, checkAll: boolean, started: number, run: Run): Promise<Answer> {
    // Checking lines is work: not for a plan that is stale already. Else the guard says it.
    const isChecked = checkAll || !job.tables.every(isDirect);
    if (isChecked || this.#slots === undefined) {
      const settings = await this.#settings(run);
      this.#slots = settings.slots;
      if (settings.catalogVersion !== job.catalogVersion) return done({ kind: "stale" });
    }
    const objects = this.#objects(job, run.signal);
    let isOver = true;
    try {
      const prepared = await this.#prepare(job, checkAll, this.#slots, objects, run);
      isOver = false;
      const answer = await this.#send(job, prepared, run);
      isOver = true;
      return answer === undefined ? done(this.#loaded(job, prepared, started)) : answer;
    } catch (error) {
      if (error instanceof Refused) return done(error.toResult());
      throw error;
    } finally {
      if (isOver) await objects.remove();
    }
  }

  async #prepare(
    job: LoadJob,
    checkAll: boolean,
    slots: number,
    objects: LoadObjects,
    run: Run,
  ): Promise<Prepared> {
    const { config } = this.#context;
    const { copies, counts, direct } = await this.#copies(job, checkAll, objects, run);
    const units = allUnits(job);
    const replaces = await this.#replaces(units, slots, objects, run);
    const unitsUrl = objects.url(
      await objects.putLines("units.ndjson", this.#unitRows(job, slots, counts, direct)),
    );
    const replacedTypes = units.flatMap((unit) => unit.replaces.map(({ eventType }) => eventType));
    const types = units.map(({ eventType }) => eventType);
    const statements = loadStatements({
      eventSchema: config.tables.schema,
      redshift: config.redshift,
      batchId: job.batchId,
      attempt: objects.attempt,
      slots: slotsOf([...types, ...replacedTypes], slots),
      ledgerSlots: slotsOf(types, slots),
      catalogVersion: job.catalogVersion,
      units: units.length,
      unitsUrl,
      copies,
      replaces,
    });
    requireFit(
      statements,
      job.tables.map(({ plan }) => plan.table),
    );
    return { attempt: objects.attempt, statements, counts, copies };
  }

  /** Parts of direct tables as they are, of the others the checked lines; with manifests and jsonpaths. */
  async #copies(job: LoadJob, checkAll: boolean, objects: LoadObjects, run: Run) {
    const counts = new Map<LoadUnit, UnitCount>();
    const direct = new Set<JobTable>();
    const groups: CopyGroup[] = [];
    for (const [at, table] of job.tables.entries()) {
      if (!checkAll && isDirect(table)) {
        direct.add(table);
        for (const unit of table.units) counts.set(unit, { rows: unit.lines, rescued: 0 });
        groups.push(...directGroups(table, job.bucket));
      } else {
        const checked = await writeChecked(table, `checked-${at}`, job.bucket, objects, run.signal);
        for (const [unit, count] of checked.counts) counts.set(unit, count);
        if (checked.group) groups.push(checked.group);
      }
    }
    const copies = await Promise.all(
      groups.map(async (group, at): Promise<ReadyCopy> => {
        const manifest = await objects.putManifest(`manifest-${at}.json`, group.bucket, group.files);
        const paths = await objects.putJson(`jsonpaths-${at}.json`, { jsonpaths: group.paths });
        return { group, manifestUrl: objects.url(manifest), pathsUrl: objects.url(paths) };
      }),
    );
    return { copies, counts, direct };
  }

  #unitRows(
    job: LoadJob,
    slots: number,
    counts: ReadonlyMap<LoadUnit, UnitCount>,
    direct: ReadonlySet<JobTable>,
  ): object[] {
    return job.tables.flatMap((table) =>
      table.units.map((unit) => {
        const { rows, rescued } = counts.get(unit)!;
        const { bucket, key, last_modified } = unit.source;
        return {
          source_id: unit.sourceId,
          generation: unit.generation,
          event_type: unit.eventType,
          slot: slotOf(unit.eventType, slots),
          table_name: table.plan.table,
          expected: rows,
          direct: direct.has(table),
          rejected: unit.rejectedLines.length,
          rescued,
          parts: unit.parts.length,
          receipt_key: unit.receiptKey,
          lane: unit.lane,
          bucket,
          key,
          last_modified,
        };
      }),
    );
  }

  async #replaces(
    units: readonly LoadUnit[],
    slots: number,
    objects: LoadObjects,
    run: Run,
  ): Promise<ReplaceScript | undefined> {
    const replaced = units.flatMap((unit) => unit.replaces.map((older) => ({ older, by: sourceText(unit) })));
    if (replaced.length === 0) return undefined;
    const { database, config } = this.#context;
    const keys = replaced.map(({ older }) => older);
    const rows = (await loadedUnits(database, keys, run)).filter(
      ({ replacedBy }) => replacedBy === undefined,
    );
    const present = await presentTables(database, config.tables.schema, run);
    const lines = replaced.map(({ older, by }) => ({
      source_id: older.sourceId,
      generation: older.generation,
      event_type: older.eventType,
      replaced_by: by,
    }));
    return {
      url: objects.url(await objects.putLines("replaced.ndjson", lines)),
      found: rows.length,
      // A table that somebody dropped has no rows to delete.
      tables: [...new Set(rows.map(({ table }) => table))].filter((table) => present(table)),
      slots: slotsOf(
        keys.map(({ eventType }) => eventType),
        slots,
      ),
      hasShared: rows.some(({ eventType }) => eventType === "_lr_other"),
    };
  }

  /** Undefined when it is loaded as prepared. Throws when nobody knows, or when it failed for a reason that is no answer of the port. */
  async #send(job: LoadJob, prepared: Prepared, run: Run): Promise<Answer | undefined> {
    const { database } = this.#context;
    let outcome;
    try {
      outcome = await database.attempt(
        prepared.statements.map(({ sql }) => sql),
        run,
      );
    } catch (error) {
      if (run.signal?.aborted) throw error;
      if (await this.#hasCommitted(job, prepared, run).catch(() => false)) return undefined;
      throw error;
    }
    if (outcome.kind === "finished") return undefined;
    if (await this.#hasCommitted(job, prepared, run)) {
      this.#context.log.warn(
        { batch: job.batchId, answer: failureReason(outcome.error) },
        "the load was reported as failed, and had committed",
      );
      return undefined;
    }
    return this.#classify(job, prepared, outcome, run);
  }

  /** Asks the ledger: the transaction of this attempt has put its units there, all or none. */
  async #hasCommitted(job: LoadJob, { attempt }: Prepared, run: Run): Promise<boolean> {
    const [row] = await this.#context.database.query(
      `SELECT COUNT(*) FROM ${LEDGER_SCHEMA}.loads WHERE batch_id = ${redshiftLiteral(job.batchId)} AND attempt = ${redshiftLiteral(attempt)}`,
      run,
    );
    return count(row!, 0) > 0;
  }

  async #classify(job: LoadJob, prepared: Prepared, outcome: Failed, run: Run): Promise<Answer> {
    const { database } = this.#context;
    const units = allUnits(job);
    const label = outcome.statement === undefined ? undefined : prepared.statements[outcome.statement]?.label;
    const kind = failureKind(outcome.error);
    if (kind === "guard") {
      const blocked = await blockedUnits(database, units, run);
      if (blocked.alreadyLoaded.length + blocked.superseded.length > 0) return done(blocked);
      if ((await this.#settings(run)).catalogVersion !== job.catalogVersion) return done({ kind: "stale" });
      if (label?.step === "replace" || label?.step === "guard" || label?.step === "catalog")
        return { kind: "again" };
      if (prepared.copies.some(({ group }) => group.isDirect)) return { kind: "check" };
      throw new RouterError(
        "ACCOUNTING_BROKEN",
        `load of batch ${job.batchId}: COPY gave other rows than were written for it; nothing was loaded`,
        {
          details: { batch: job.batchId },
        },
      );
    }
    const table = label && "table" in label ? label.table : prepared.copies[0]?.group.table;
    if (kind === "load" && table !== undefined)
      throw await this.#refusal(table, outcome, prepared.copies, run);
    if (kind === "missing_file") await this.#requireParts(job, run);
    throw statementError(run.name, database.target, outcome.error);
  }

  async #refusal(table: string, outcome: Failed, copies: readonly ReadyCopy[], run: Run): Promise<Refused> {
    if (failureKind(outcome.error) !== "load")
      throw statementError(run.name, this.#context.database.target, outcome.error);
    const files = copies
      .filter(({ group }) => group.table === table)
      .flatMap(({ group }) =>
        group.files.map((file) => ({ ...file, bucket: group.bucket, compression: group.compression })),
      );
    return loadError({ ...this.#context, table, outcome, files, run });
  }

  async #requireParts(job: LoadJob, run: Run): Promise<void> {
    for (const { key } of allUnits(job).flatMap(({ parts }) => parts)) {
      if (await this.#context.store.head({ bucket: job.bucket, key }, run.signal)) continue;
      throw new RouterError("OBJECT_GONE", `the part ${key} is not there`, {
        details: { bucket: job.bucket, key },
      });
    }
  }

  #loaded(job: LoadJob, { counts }: Prepared, started: number): LoadResult {
    const units = job.tables.flatMap(({ plan, units }) =>
      units.map((unit): UnitLoaded => ({ ...unitKey(unit), table: plan.table, ...counts.get(unit)! })),
    );
    return { kind: "loaded", units, seconds: (performance.now() - started) / 1000 };
  }
}

const done = (result: LoadResult): Answer => ({ kind: "done", result });
