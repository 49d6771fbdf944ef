// Which source blocks and which replaces which (shared/ports/warehouse.ts, SourceState): pure, the same for every warehouse.
import type { LoadUnit, SourceRow, SourceState, UnitKey } from "../ports/warehouse.ts";

/** What tells one version of a source object from another. */
export interface SourceVersion {
  readonly sourceId: string;
  readonly generation: number;
  readonly bucket: string;
  readonly key: string;
  readonly lastModified: Date;
}

export const sourceText = (source: { readonly sourceId: string; readonly generation: number }): string =>
  `${source.sourceId}/${source.generation}`;

export const unitText = (unit: UnitKey): string =>
  JSON.stringify([unit.sourceId, unit.generation, unit.eventType]);

export const unitKey = ({ sourceId, generation, eventType }: UnitKey): UnitKey => ({
  sourceId,
  generation,
  eventType,
});

export function versionOf(unit: LoadUnit): SourceVersion {
  const { bucket, key, last_modified } = unit.source;
  return {
    sourceId: unit.sourceId,
    generation: unit.generation,
    bucket,
    key,
    lastModified: new Date(last_modified),
  };
}

export const isActive = (state: SourceState): boolean => state === "loading" || state === "loaded";

const sameName = (a: SourceVersion, b: SourceVersion): boolean => a.bucket === b.bucket && a.key === b.key;

function isNewer(a: SourceVersion, b: SourceVersion): boolean {
  const later = a.lastModified.getTime() - b.lastModified.getTime();
  return later > 0 || (later === 0 && a.sourceId > b.sourceId);
}

/** Whether `row` keeps `version` from being loaded. */
export function blocks(row: SourceRow, version: SourceVersion): boolean {
  if (!sameName(row, version)) return false;
  if (row.sourceId === version.sourceId)
    return row.generation > version.generation && (isActive(row.state) || row.state === "replaced");
  return (
    row.onOverwrite === "replace" && row.state !== "failed" && row.state !== "dead" && isNewer(row, version)
  );
}

/** Whether loading `row` takes the place of `other`: a lower generation of itself, or an older source of the same name. */
export function replaces(row: SourceRow, other: SourceVersion): boolean {
  if (!sameName(row, other)) return false;
  if (row.sourceId === other.sourceId) return row.generation > other.generation;
  return row.onOverwrite === "replace" && isNewer(row, other);
}

/** What becomes of a row that is to be settled, given the others of its name. */
export function settleOutcome(row: SourceRow, others: readonly SourceRow[]): "write" | "keep" | "conflict" {
  const own = others.find((other) => sourceText(other) === sourceText(row));
  const rest = others.filter((other) => other !== own && sameName(other, row));
  const meets = rest.some(
    (other) => isActive(other.state) && (replaces(row, other) || row.onOverwrite === "ignore"),
  );
  const blocked = rest.some((other) => blocks(other, row));
  if (isActive(row.state) && (own?.state === "replaced" || blocked || meets)) return "conflict";
  const isFinal = own?.state === "replaced" || (own?.state === "loaded" && row.state !== "replaced");
  return isFinal ? "keep" : "write";
}

/** States of an older source that superseding turns into `replaced`; of its own lower generations every state. */
export function isReplaceable(row: SourceRow, older: SourceRow): boolean {
  return older.sourceId === row.sourceId || ["loading", "loaded", "failed"].includes(older.state);
}

/** Of several generations of a unit only the highest may load: tells whether one of `units` is higher than the unit. */
export function outnumbered(units: Iterable<UnitKey>): (unit: UnitKey) => boolean {
  const highest = new Map<string, number>();
  const nameOf = ({ sourceId, eventType }: UnitKey): string => JSON.stringify([sourceId, eventType]);
  for (const unit of units) {
    const name = nameOf(unit);
    if (unit.generation > (highest.get(name) ?? -1)) highest.set(name, unit.generation);
  }
  return (unit) => unit.generation < (highest.get(nameOf(unit)) ?? 0);
}
