// The reading half of the warehouse in memory.
import type { LedgerRow, SourceRow, TableSummary, WarehouseReads } from "../../ports/warehouse.ts";
import { RouterError } from "../../errors/router-error.ts";
import { fitsDouble } from "../../schema/decimal.ts";
import type { ColumnType } from "../../schema/types.ts";
import type { MemoryLedger } from "./memory-ledger.ts";
import type { MemoryRow } from "./memory-row.ts";
import type { MemoryTables } from "./memory-tables.ts";

export class MemoryReads implements WarehouseReads {
  readonly #ledger: MemoryLedger;
  readonly #tables: MemoryTables;

  constructor(ledger: MemoryLedger, tables: MemoryTables) {
    this.#ledger = ledger;
    this.#tables = tables;
  }

  async tableSummaries(): Promise<readonly TableSummary[]> {
    const live = [...this.#ledger.loads.values()].filter((load) => load.replacedBy === undefined);
    const groups = Map.groupBy(live, (load) => JSON.stringify([load.eventType, load.table]));
    return [...groups.values()].map((loads) => {
      const { eventType, table } = loads[0]!;
      const sum = (of: "rows" | "rejected" | "rescued"): number =>
        loads.reduce((total, load) => total + load[of], 0);
      const lastLoadedAt = new Date(Math.max(...loads.map((load) => load.loadedAt.getTime())));
      const last = loads.filter((load) => load.loadedAt.getTime() === lastLoadedAt.getTime());
      const lastSourceAt = this.#oldestSource(last);
      return {
        eventType,
        table,
        rows: sum("rows"),
        rejected: sum("rejected"),
        rescued: sum("rescued"),
        columns: this.#tables.table(table)?.columns.length ?? 0,
        sources: new Set(loads.map((load) => load.sourceId)).size,
        lastLoadedAt,
        ...(lastSourceAt ? { lastSourceAt } : {}),
      };
    });
  }

  async sources(options: {
    readonly after?: { sourceId: string; generation: number };
    readonly limit: number;
  }): Promise<readonly SourceRow[]> {
    const { after, limit } = options;
    const isAfter = (row: SourceRow): boolean =>
      !after ||
      row.sourceId > after.sourceId ||
      (row.sourceId === after.sourceId && row.generation > after.generation);
    return [...this.#ledger.sources.values()]
      .filter(isAfter)
      .sort((a, b) =>
        a.sourceId === b.sourceId ? a.generation - b.generation : a.sourceId < b.sourceId ? -1 : 1,
      )
      .slice(0, limit);
  }

  async loads(sourceIds: readonly string[]): ReturnType<WarehouseReads["loads"]> {
    const ids = new Set(sourceIds);
    return [...this.#ledger.loads.values()].filter((load) => ids.has(load.sourceId));
  }

  async pendingCount(): Promise<number> {
    const rows = this.#ledger.duePending(undefined, Number.MAX_SAFE_INTEGER);
    return rows.filter(({ eventType }) => eventType !== "").length;
  }

  async countRows(table: string): ReturnType<WarehouseReads["countRows"]> {
    const groups = Map.groupBy(this.#rows(table), (row) => JSON.stringify([row.source, row.eventType]));
    return [...groups.values()].map((rows) => ({
      sourceId: rows[0]!.source,
      eventType: rows[0]!.eventType,
      rows: rows.length,
      repeated: rows.length - new Set(rows.map((row) => row.line)).size,
    }));
  }

  async sampleRows(table: string, limit: number): ReturnType<WarehouseReads["sampleRows"]> {
    const columns = this.#tables.table(table)?.columns ?? [];
    const ordered = this.#rows(table).toSorted((a, b) =>
      a.source === b.source ? a.line - b.line : a.source < b.source ? -1 : 1,
    );
    return ordered.slice(0, limit).map((row) => {
      const document: Record<string, unknown> = {
        _lr_source: row.source,
        _lr_line: row.line,
        _lr_event_type: row.eventType,
        _lr_rescued: row.rescued.length > 0 ? row.rescued : null,
      };
      for (const { column, type } of columns) document[column] = valueOf(row.values.get(column), type);
      return document;
    });
  }

  async rescuedPaths(table: string): ReturnType<WarehouseReads["rescuedPaths"]> {
    const counts = new Map<string, number>();
    for (const { p } of this.#rows(table).flatMap((row) => row.rescued)) {
      counts.set(p, (counts.get(p) ?? 0) + 1);
    }
    return [...counts].map(([path, values]) => ({ path, values })).sort((a, b) => b.values - a.values);
  }

  async ddl(table: string): Promise<string> {
    const columns = this.#tables.table(table)?.columns;
    if (!columns) throw new RouterError("NOT_FOUND", `There is no table ${table}.`, { details: { table } });
    return `CREATE TABLE ${table} (${columns.map(({ column, type }) => `${column} ${type}`).join(", ")})`;
  }

  #oldestSource(units: readonly LedgerRow[]): Date | undefined {
    const sources = [...this.#ledger.sources.values()];
    const times = units.flatMap((unit) =>
      sources
        .filter((row) => row.sourceId === unit.sourceId && row.generation === unit.generation)
        .map((row) => row.lastModified.getTime()),
    );
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  }

  #rows(table: string): readonly MemoryRow[] {
    return this.#tables.rows.get(table) ?? [];
  }
}

/** As a driver gives it: json as text, numbers that a double does not hold as text too. */
function valueOf(stored: string | undefined, type: ColumnType): unknown {
  if (stored === undefined) return null;
  if (type === "json") return stored;
  const value: unknown = JSON.parse(stored);
  return typeof value === "number" && !fitsDouble(stored) ? stored : value;
}
