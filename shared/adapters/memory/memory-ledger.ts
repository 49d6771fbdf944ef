// The ledger in memory: `loads`, `sources`, `pending`. Every method is one step without waiting, as a transaction that holds its slots is.
import type { LedgerRow, LoadUnit, PendingRow, SourceRow, UnitKey } from "../../ports/warehouse.ts";
import {
  blocks,
  isReplaceable,
  replaces,
  settleOutcome,
  sourceText,
  unitKey,
  unitText,
  versionOf,
} from "../../warehouse/source-rules.ts";

export class MemoryLedger {
  readonly loads = new Map<string, LedgerRow>();
  readonly sources = new Map<string, SourceRow>();
  readonly pending = new Map<string, PendingRow>();
  /** Highest generation in `loads` by source id and event type. */
  readonly #highest = new Map<string, number>();

  addLoad(row: LedgerRow): void {
    this.loads.set(unitText(row), row);
    const of = JSON.stringify([row.sourceId, row.eventType]);
    this.#highest.set(of, Math.max(this.#highest.get(of) ?? 0, row.generation));
  }

  /** The guard of a load: what is in `loads` already, and what must never load because something newer is there. */
  guard(units: readonly LoadUnit[]): { alreadyLoaded: UnitKey[]; superseded: UnitKey[] } {
    const isLoaded = (unit: LoadUnit): boolean => this.loads.has(unitText(unit));
    return {
      alreadyLoaded: units.filter(isLoaded).map(unitKey),
      superseded: units.filter((unit) => !isLoaded(unit) && this.#isSuperseded(unit)).map(unitKey),
    };
  }

  #isSuperseded(unit: LoadUnit): boolean {
    const higher = this.#highest.get(JSON.stringify([unit.sourceId, unit.eventType])) ?? 0;
    if (higher > unit.generation) return true;
    const version = versionOf(unit);
    return this.sources.values().some((row) => blocks(row, version));
  }

  supersede(row: SourceRow): { kind: "ready"; units: UnitKey[] } | { kind: "superseded" } {
    const own = this.sources.get(sourceText(row));
    const blocked = this.sources.values().some((other) => blocks(other, row));
    if (own?.state === "replaced" || blocked) return { kind: "superseded" };
    if (own?.state !== "loaded") this.sources.set(sourceText(row), { ...row, state: "loading" });
    const older = [...this.sources.values()].filter((other) => replaces(row, other));
    for (const other of older) {
      if (isReplaceable(row, other)) this.sources.set(sourceText(other), { ...other, state: "replaced" });
    }
    const ids = new Set(older.map(sourceText));
    const units = [...this.loads.values()].filter((load) => ids.has(sourceText(load)) && !load.replacedBy);
    return { kind: "ready", units: units.map(unitKey) };
  }

  /** Returns the rows that conflict. */
  settle(rows: readonly SourceRow[]): SourceRow[] {
    return rows.filter((row) => {
      const outcome = settleOutcome(row, [...this.sources.values()]);
      if (outcome === "write") this.sources.set(sourceText(row), row);
      return outcome === "conflict";
    });
  }

  duePending(dueBefore: Date | undefined, limit: number): PendingRow[] {
    for (const key of this.pending.keys()) if (this.loads.has(key)) this.pending.delete(key);
    return [...this.pending.values()]
      .filter((row) => !dueBefore || row.nextTry <= dueBefore)
      .sort((a, b) => a.nextTry.getTime() - b.nextTry.getTime())
      .slice(0, limit);
  }
}
