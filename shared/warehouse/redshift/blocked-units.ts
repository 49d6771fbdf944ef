// Why the guard stopped a load: which units are in `loads`, and which are superseded by a higher generation or a newer source.
import type { LoadResult, LoadUnit } from "../../ports/warehouse.ts";
import { blocks, outnumbered, unitKey, unitText, versionOf } from "../source-rules.ts";
import type { Database, Run } from "./database.ts";
import { loadsOfSources } from "./ledger-reads.ts";
import { sourcesNamed } from "./source-reads.ts";

/** Two generations of a unit in one job: only the higher one may load. */
export function hasHigherGeneration(units: readonly LoadUnit[]): boolean {
  return units.some(outnumbered(units));
}

/** Both lists empty: nothing blocks any more, or nothing did. */
export async function blockedUnits(
  database: Database,
  units: readonly LoadUnit[],
  run: Run,
): Promise<Extract<LoadResult, { kind: "blocked" }>> {
  const ledger = await loadsOfSources(
    database,
    units.map(({ sourceId }) => sourceId),
    run,
  );
  const loaded = new Set(ledger.map(unitText));
  const sources = await sourcesNamed(
    database,
    units.map(({ source }) => source),
    run,
  );
  const byName = Map.groupBy(sources, ({ bucket, key }) => JSON.stringify([bucket, key]));
  const isOutnumbered = outnumbered([...ledger, ...units]);
  const isSuperseded = (unit: LoadUnit): boolean =>
    isOutnumbered(unit) ||
    (byName.get(JSON.stringify([unit.source.bucket, unit.source.key])) ?? []).some((row) =>
      blocks(row, versionOf(unit)),
    );
  const alreadyLoaded = units.filter((unit) => loaded.has(unitText(unit)));
  const superseded = units.filter((unit) => !loaded.has(unitText(unit)) && isSuperseded(unit));
  return { kind: "blocked", alreadyLoaded: alreadyLoaded.map(unitKey), superseded: superseded.map(unitKey) };
}
