// Many runs of the matrix side by side: most of a run is waiting (for visibility to end, for the Data API's rate).
import pLimit from "p-limit";
import type { EmulatorName } from "../../../localstack/emulator.ts";
import type { PlannedKill } from "./points.ts";
import { Matrix, type Outcome } from "./run-point.ts";
import type { SceneName } from "./scenes.ts";

export interface MatrixOptions {
  readonly emulator: EmulatorName;
  readonly kills: readonly PlannedKill[];
  /** Runs at the same time. */
  readonly jobs: number;
  /** Plays this scene whatever the point's own is. */
  readonly scene?: SceneName;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** In the order of `kills`. */
export async function runMatrix(options: MatrixOptions): Promise<readonly Outcome[]> {
  const { emulator, kills, jobs, scene, onOutcome } = options;
  const matrix = new Matrix(emulator);
  const limit = pLimit(jobs);
  return await Promise.all(
    kills.map(({ point, occurrence }) =>
      limit(async () => {
        const outcome = await matrix.run(scene ? { ...point, scene } : point, occurrence);
        onOutcome?.(outcome);
        return outcome;
      }),
    ),
  );
}
