// The last result of the whole matrix, kept beside the code: docs/delivery-guarantees.md shows it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { plannedKills } from "./points.ts";
import { isGood, type Outcome } from "./run-point.ts";

const FILE = join(import.meta.dirname, "../results/kill-matrix.json");

const outcomeSchema = z.object({
  worker: z.enum(["splitter", "loader"]),
  point: z.string(),
  occurrence: z.int().min(1),
  killed: z.boolean(),
  restarted: z.boolean(),
  audit: z.boolean(),
  documents: z.boolean(),
  problems: z.string().array(),
  seconds: z.number(),
});

const resultsSchema = z.object({ emulator: z.string(), outcomes: outcomeSchema.array() });
export type MatrixResults = z.infer<typeof resultsSchema>;

export function storedResults(): MatrixResults {
  try {
    return resultsSchema.parse(JSON.parse(readFileSync(FILE, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { emulator: "", outcomes: [] };
    throw error;
  }
}

/** Puts new outcomes in the place of the stored ones of the same runs; what is no longer planned goes. */
export function storeResults(emulator: string, outcomes: readonly Outcome[]): void {
  const known = new Map([...storedResults().outcomes, ...outcomes].map((one) => [runName(one), one]));
  const ordered = plannedKills().flatMap(({ point: { worker, name: point }, occurrence }) => {
    const one = known.get(runName({ worker, point, occurrence }));
    return one
      ? [{ ...one, problems: isGood(one) ? [] : one.problems.map((text) => text.slice(0, 300)) }]
      : [];
  });
  writeFileSync(FILE, `${JSON.stringify({ emulator, outcomes: ordered }, undefined, 2)}\n`);
}

export function runName({
  worker,
  point,
  occurrence,
}: Pick<Outcome, "worker" | "point" | "occurrence">): string {
  return `${worker} ${point} ${occurrence}`;
}
