// The ledger in memory: `loads`, `sources`, `pending`, and which source blocks which. Every method is one step without waiting, as a
// transaction that holds its slots is.
import type {
  LedgerRow,
  LoadUnit,
  PendingRow,
  SourceRow,
  SourceState,
  UnitKey,
} from "../../ports/warehouse.ts";

interface SourceVersion {
  readonly sourceId: string;
  readonly generation: number;
  readonly bucket: string;
  readonly key: string;
  readonly lastModified: Date;
}

export function unitText(unit: UnitKey): string {
  return JSON.stringify([unit.sourceId, unit.generation, unit.eventType]);
}

export class MemoryLedger {
  readonly loads = new Map<string, LedgerRow>();
  readonly sources = new Map<string, SourceRow>();
  readonly pending = new Map<string, PendingRow>();

  /** The guard of a load: what is in `loads` already, and what must never load because something newer is there. */
  guard(units: readonly LoadUnit[]): { alreadyLoaded: UnitKey[]; superseded: UnitKey[] } {
    const alreadyLoaded = units.filter((unit) => this.loads.has(unitText(unit)));
    const superseded = units.filter(
      (unit) =>
        !this.loads.has(unitText(unit)) && (this.#higherLoaded(unit) || this.#blocked(versionOf(unit))),
    );
    return { alreadyLoaded: alreadyLoaded.map(keyOf), superseded: superseded.map(keyOf) };
  }

  supersede(row: SourceRow): { kind: "ready"; units: UnitKey[] } | { kind: "superseded" } {
    const own = this.sources.get(sourceText(row));
    if (own?.state === "replaced" || this.#blocked(row)) return { kind: "superseded" };
    if (own?.state !== "loaded") this.sources.set(sourceText(row), { ...row, state: "loading" });
    const older = [...this.sources.values()].filter((other) => replaces(row, other));
    for (const other of older) {
      if (["loading", "loaded", "failed"].includes(other.state) || other.sourceId === row.sourceId) {
        this.sources.set(sourceText(other), { ...other, state: "replaced" });
      }
    }
    const ids = new Set(older.map(sourceText));
    const units = [...this.loads.values()].filter((load) => ids.has(sourceText(load)) && !load.replacedBy);
    return { kind: "ready", units: units.map(keyOf) };
  }

  settle(rows: readonly SourceRow[]): SourceRow[] {
    return rows.filter((row) => !this.#settleOne(row));
  }

  /** False when the row conflicts. */
  #settleOne(row: SourceRow): boolean {
    const own = this.sources.get(sourceText(row));
    const active = row.state === "loading" || row.state === "loaded";
    if (active && (own?.state === "replaced" || this.#blocked(row) || this.#meetsActive(row))) return false;
    if (own?.state === "replaced" || (own?.state === "loaded" && row.state !== "replaced")) return true;
    this.sources.set(sourceText(row), row);
    return true;
  }

  #meetsActive(row: SourceRow): boolean {
    return this.#sameName(row).some(
      (other) => isActive(other.state) && (replaces(row, other) || row.onOverwrite === "ignore"),
    );
  }

  #blocked(version: SourceVersion): boolean {
    return this.#sameName(version).some((row) => blocks(row, version));
  }

  /** Rows with the same bucket and key, the version's own row aside. */
  #sameName(version: SourceVersion): SourceRow[] {
    return [...this.sources.values()].filter(
      (row) =>
        row.bucket === version.bucket &&
        row.key === version.key &&
        (row.sourceId !== version.sourceId || row.generation !== version.generation),
    );
  }

  #higherLoaded(unit: UnitKey): boolean {
    return this.loads
      .values()
      .some(
        (load) =>
          load.sourceId === unit.sourceId &&
          load.eventType === unit.eventType &&
          load.generation > unit.generation,
      );
  }

  duePending(dueBefore: Date | undefined, limit: number): PendingRow[] {
    for (const key of this.pending.keys()) if (this.loads.has(key)) this.pending.delete(key);
    return [...this.pending.values()]
      .filter((row) => !dueBefore || row.nextTry <= dueBefore)
      .sort((a, b) => a.nextTry.getTime() - b.nextTry.getTime())
      .slice(0, limit);
  }
}

export function sourceText(source: { sourceId: string; generation: number }): string {
  return `${source.sourceId}/${source.generation}`;
}

function isActive(state: SourceState): boolean {
  return state === "loading" || state === "loaded";
}

/** Whether `row` keeps `version` from being loaded. */
function blocks(row: SourceRow, version: SourceVersion): boolean {
  if (row.sourceId === version.sourceId) {
    return row.generation > version.generation && (isActive(row.state) || row.state === "replaced");
  }
  return (
    row.onOverwrite === "replace" && row.state !== "failed" && row.state !== "dead" && isNewer(row, version)
  );
}

/** Whether loading `row` takes the place of `other`: a lower generation of itself, or an older source of the same name. */
function replaces(row: SourceRow, other: SourceRow): boolean {
  if (row.bucket !== other.bucket || row.key !== other.key) return false;
  if (row.sourceId === other.sourceId) return row.generation > other.generation;
  return row.onOverwrite === "replace" && isNewer(row, other);
}

function isNewer(a: SourceVersion, b: SourceVersion): boolean {
  const later = a.lastModified.getTime() - b.lastModified.getTime();
  return later > 0 || (later === 0 && a.sourceId > b.sourceId);
}

function versionOf(unit: LoadUnit): SourceVersion {
  const { bucket, key, last_modified } = unit.source;
  return {
    sourceId: unit.sourceId,
    generation: unit.generation,
    bucket,
    key,
    lastModified: new Date(last_modified),
  };
}

function keyOf({ sourceId, generation, eventType }: UnitKey): UnitKey {
  return { sourceId, generation, eventType };
}
