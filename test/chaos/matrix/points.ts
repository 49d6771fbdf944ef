// All kill points of both workers, and the runs that the matrix is made of.
import type { KillPoint } from "./kill-point.ts";
import { LOADER_POINTS } from "./loader-points.ts";
import { SPLITTER_POINTS } from "./splitter-points.ts";

export const KILL_POINTS: readonly KillPoint[] = [...SPLITTER_POINTS, ...LOADER_POINTS];

export interface PlannedKill {
  readonly point: KillPoint;
  readonly occurrence: number;
}

/** Every point at each of its occurrences, in order. */
export function plannedKills(points: readonly KillPoint[] = KILL_POINTS): readonly PlannedKill[] {
  return points.flatMap((point) => (point.occurrences ?? [1]).map((occurrence) => ({ point, occurrence })));
}
