// What `make bench-stages` leaves in bench/results/stages.json.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { machineSchema, RESULTS } from "./result.ts";

export const stageFiguresSchema = z.object({
  name: z.string(),
  what: z.string(),
  /** Of the source, uncompressed, that one round stands for. */
  raw_bytes: z.number().positive(),
  /** Medians over the rounds. */
  wall_seconds: z.number().nonnegative(),
  cpu_seconds: z.number().nonnegative(),
});

const stagesResultSchema = z.object({
  date: z.iso.datetime(),
  machine: machineSchema,
  megabytes: z.number(),
  types: z.number(),
  rounds: z.number(),
  stages: z.array(stageFiguresSchema),
});

export type StageFigures = z.infer<typeof stageFiguresSchema>;
export type StagesResult = z.infer<typeof stagesResultSchema>;

const FILE = "stages.json";

export function writeStages(result: StagesResult, folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** Undefined when the stages have not been measured. */
export function readStages(folder = RESULTS): StagesResult | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), "utf8");
  } catch {
    return undefined;
  }
  return stagesResultSchema.parse(JSON.parse(text));
}
