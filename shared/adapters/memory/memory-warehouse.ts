// Warehouse in memory: works like the real ones (the contract suite holds it to that), for tests of the loader that need no database.
// Parts are read from the object store first; guard, rows and ledger then change in one step without waiting, which is what a
// transaction that holds its slots amounts to.
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type {
  LedgerRow,
  LoadJob,
  LoadResult,
  LoadUnit,
  PendingRow,
  RefusedLine,
  SourceRow,
  UnitKey,
  UnitPart,
  Warehouse,
} from "../../ports/warehouse.ts";
import type { Catalog, TableChange, TableLoadPlan } from "../../schema/types.ts";
import { hasOthersLines, isUnitLine, partLineHead } from "../../receipts/part-line.ts";
import { readPartLines } from "../../receipts/read-part.ts";
import { sourceText, unitText } from "../../warehouse/source-rules.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import { MemoryReads } from "./memory-reads.ts";
import { makeRow, type MemoryRow } from "./memory-row.ts";
import { MemoryTables, type ChangeResult } from "./memory-tables.ts";

export interface MemoryWarehouseOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Rows up to which a table is young. Default 1,000,000. */
  readonly rewriteRows?: number;
  /** Tables that are in the schema and not ours. */
  readonly foreignTables?: readonly string[];
  /** Refuses a line, as a database may for reasons of its own: the reason, or undefined. */
  readonly refuse?: (line: string) => string | undefined;
  /** Whether a refusal names its lines. Default false: the loader has to find them. */
  readonly namesRefusedLines?: boolean;
}

interface Filled {
  readonly unit: LoadUnit;
  readonly plan: TableLoadPlan;
  readonly rows: readonly MemoryRow[];
}

type Refused = Extract<LoadResult, { kind: "refused" }>;

export class MemoryWarehouse implements Warehouse {
  readonly name = "memory";
  readonly read: MemoryReads;
  readonly ledger = new MemoryLedger();
  readonly tables: MemoryTables;
  readonly #options: MemoryWarehouseOptions;

  constructor(options: MemoryWarehouseOptions) {
    this.#options = options;
    this.tables = new MemoryTables(options.rewriteRows ?? 1_000_000, options.foreignTables ?? []);
    this.read = new MemoryReads(this.ledger, this.tables);
  }

  async prepare(): Promise<void> {}

  async ping(): Promise<void> {}

  async catalog(): Promise<Catalog> {
    return this.tables.catalog();
  }

  async change(version: string, changes: readonly TableChange[]): Promise<ChangeResult> {
    return this.tables.change(version, changes, this.#options.clock.now());
  }

  async load(job: LoadJob, signal?: AbortSignal): Promise<LoadResult> {
    const started = this.#options.clock.now();
    const units = job.tables.flatMap((table) => table.units);
    const early = this.#stopped(job, units);
    if (early) return early;
    const filled = await this.#fill(job, signal);
    if (!Array.isArray(filled)) return filled;
    signal?.throwIfAborted();
    return this.#stopped(job, units) ?? this.#commit(job, filled, started);
  }

  async probe(
    job: LoadJob,
    signal?: AbortSignal,
  ): Promise<{ kind: "accepted" } | { kind: "stale" } | Refused> {
    if (job.catalogVersion !== this.tables.version) return { kind: "stale" };
    const filled = await this.#fill(job, signal);
    return Array.isArray(filled) ? { kind: "accepted" } : filled;
  }

  #stopped(job: LoadJob, units: readonly LoadUnit[]): LoadResult | undefined {
    const guard = this.ledger.guard(units);
    if (guard.alreadyLoaded.length + guard.superseded.length > 0) return { kind: "blocked", ...guard };
    return job.catalogVersion === this.tables.version ? undefined : { kind: "stale" };
  }

  async #fill(job: LoadJob, signal: AbortSignal | undefined): Promise<Filled[] | Refused> {
    const filled: Filled[] = [];
    for (const { plan, units } of job.tables) {
      for (const unit of units) {
        const rows = await this.#rowsOf(job.bucket, unit, plan, signal);
        if (!Array.isArray(rows)) return rows;
        const expected = unit.lines - unit.rejectedLines.length;
        if (rows.length !== expected) throw miscounted(unit, rows.length, expected);
        filled.push({ unit, plan, rows });
      }
    }
    return filled;
  }

  async #rowsOf(
    bucket: string,
    unit: LoadUnit,
    plan: TableLoadPlan,
    signal: AbortSignal | undefined,
  ): Promise<MemoryRow[] | Refused> {
    const rejected = new Set(unit.rejectedLines);
    const rows: MemoryRow[] = [];
    for (const part of unit.parts) {
      for (const line of await this.#linesOf(bucket, unit, part, signal)) {
        try {
          const row = makeRow(line, unitText(unit), plan);
          if (rejected.has(row.line)) continue;
          const reason = this.#options.refuse?.(line);
          if (reason !== undefined) return this.#refusal(plan.table, reason, { ...unit, line: row.line });
          rows.push(row);
        } catch (error) {
          return this.#refusal(plan.table, error instanceof Error ? error.message : String(error));
        }
      }
    }
    return rows;
  }

  #refusal(table: string, reason: string, line?: RefusedLine): Refused {
    const lines =
      line && this.#options.namesRefusedLines ? [{ sourceId: line.sourceId, line: line.line }] : [];
    return { kind: "refused", table, reason, ...(lines.length > 0 ? { lines } : {}) };
  }

  async #linesOf(
    bucket: string,
    unit: LoadUnit,
    part: UnitPart,
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const lines: string[] = [];
    try {
      for await (const line of readPartLines(this.#options.store, bucket, part, signal)) {
        const head = hasOthersLines(part) ? partLineHead(line) : undefined;
        if (!head || isUnitLine(unit, head)) lines.push(line.toString("utf8"));
      }
    } catch (cause) {
      throw new RouterError("WAREHOUSE_FAILED", `The part ${part.key} could not be read.`, { cause });
    }
    return lines;
  }

  #commit(job: LoadJob, filled: readonly Filled[], started: Date): LoadResult {
    const at = this.#options.clock.now();
    for (const { unit, plan, rows } of filled) {
      for (const replaced of unit.replaces) this.#replace(replaced, unit);
      const table = this.tables.rows.get(plan.table);
      if (!table) throw new RouterError("WAREHOUSE_FAILED", `There is no table ${plan.table}.`);
      for (const row of rows) table.push(row);
      this.ledger.addLoad(ledgerRow(job, unit, plan.table, rows, at));
    }
    const units = filled.map(({ unit, plan, rows }) => ({
      sourceId: unit.sourceId,
      generation: unit.generation,
      eventType: unit.eventType,
      table: plan.table,
      rows: rows.length,
      rescued: countRescued(rows),
    }));
    return { kind: "loaded", units, seconds: (at.getTime() - started.getTime()) / 1000 };
  }

  #replace(replaced: UnitKey, by: LoadUnit): void {
    const key = unitText(replaced);
    const load = this.ledger.loads.get(key);
    if (!load || load.replacedBy !== undefined) return;
    const rows = this.tables.rows.get(load.table) ?? [];
    this.tables.rows.set(
      load.table,
      rows.filter((row) => row.unit !== key),
    );
    this.ledger.loads.set(key, { ...load, replacedBy: sourceText(by) });
  }

  async loadedUnits(keys: readonly UnitKey[]): Promise<readonly LedgerRow[]> {
    return keys.flatMap((key) => this.ledger.loads.get(unitText(key)) ?? []);
  }

  async supersede(row: SourceRow): ReturnType<Warehouse["supersede"]> {
    return this.ledger.supersede(row);
  }

  async settleSources(rows: readonly SourceRow[]): ReturnType<Warehouse["settleSources"]> {
    return { conflicts: this.ledger.settle(rows) };
  }

  async findSources(where: Parameters<Warehouse["findSources"]>[0]): Promise<readonly SourceRow[]> {
    const rows = [...this.ledger.sources.values()];
    if ("ids" in where) return rows.filter((row) => where.ids.includes(row.sourceId));
    const names = new Set(where.names.map(({ bucket, key }) => JSON.stringify([bucket, key])));
    return rows.filter((row) => names.has(JSON.stringify([row.bucket, row.key])));
  }

  async putPending(rows: readonly PendingRow[]): Promise<void> {
    for (const row of rows) {
      const since = this.ledger.pending.get(unitText(row))?.since ?? row.since;
      this.ledger.pending.set(unitText(row), { ...row, since });
    }
  }

  async pending(options: {
    readonly dueBefore?: Date;
    readonly limit: number;
  }): Promise<readonly PendingRow[]> {
    return this.ledger.duePending(options.dueBefore, options.limit);
  }

  async removePending(keys: readonly UnitKey[]): Promise<void> {
    for (const key of keys) this.ledger.pending.delete(unitText(key));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function ledgerRow(
  job: LoadJob,
  unit: LoadUnit,
  table: string,
  rows: readonly MemoryRow[],
  loadedAt: Date,
): LedgerRow {
  const { sourceId, generation, eventType, receiptKey, lane, rejectedLines, parts } = unit;
  return {
    sourceId,
    generation,
    eventType,
    table,
    receiptKey,
    lane,
    loadedAt,
    rows: rows.length,
    rejected: rejectedLines.length,
    rescued: countRescued(rows),
    parts: unit.receiptParts ?? parts.length,
    batchId: job.batchId,
  };
}

function miscounted(unit: LoadUnit, rows: number, expected: number): RouterError {
  return new RouterError(
    "ACCOUNTING_BROKEN",
    `${rows} rows of ${unit.eventType} where the receipt promises ${expected} lines; nothing was loaded.`,
    { details: { source: unit.sourceId, event_type: unit.eventType } },
  );
}

function countRescued(rows: readonly MemoryRow[]): number {
  return rows.reduce((sum, row) => sum + row.newlyRescued, 0);
}
