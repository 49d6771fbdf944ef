// What a suite leaves in bench/results/<suite>.json, and docs/performance.md is made from.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { costSchema, type Cost } from "./measure.ts";
import { median, medianRatio } from "./statistics.ts";

const versionsSchema = z.record(z.string(), z.string());

export const machineSchema = z.object({
  platform: z.string(),
  cpu: z.string(),
  cores: z.number(),
  memory_bytes: z.number(),
  node: z.string(),
  commit: z.string(),
  /** Files of the product that differed from the commit. */
  uncommitted: z.array(z.string()),
});

const inputSchema = z.object({
  /** How the input is called in tables. */
  name: z.string(),
  files: z.number(),
  /** As stored. */
  stored_bytes: z.number(),
  raw_bytes: z.number(),
  lines: z.number(),
  event_types: z.number(),
});

const contestantResultSchema = z.object({
  id: z.string(),
  title: z.string(),
  /** The shell text that ran, with $FILE and $OUT for the paths. */
  command: z.string(),
  /** Why there are no figures; then there are no samples. */
  absent: z.string().optional(),
  /** One a round, in the order of the rounds. */
  samples: z.array(costSchema),
});

const caseSchema = z.object({
  id: z.string(),
  title: z.string(),
  input: inputSchema,
  /** Id of the contestant that ratios are taken to. */
  baseline: z.string(),
  rounds: z.number(),
  /** The machine's load averages (1 minute) before and after: what else was going on, plus the runs themselves. */
  load_before: z.number(),
  load_after: z.number(),
  contestants: z.array(contestantResultSchema),
});

export const suiteResultSchema = z.object({
  suite: z.string(),
  date: z.iso.datetime(),
  seconds: z.number(),
  /** True for short runs, whose figures are a first look only. */
  quick: z.boolean(),
  machine: machineSchema,
  versions: versionsSchema,
  cases: z.array(caseSchema),
});

export type Machine = z.infer<typeof machineSchema>;
export type BenchInput = z.infer<typeof inputSchema>;
export type ContestantResult = z.infer<typeof contestantResultSchema>;
export type CaseResult = z.infer<typeof caseSchema>;
export type SuiteResult = z.infer<typeof suiteResultSchema>;

export const RESULTS = join(import.meta.dirname, "..", "results");

/** Medians over the rounds, and ratios to the baseline within each round. */
export interface Summary {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
  /** Uncompressed 10^6 bytes a second. */
  readonly megabytesPerSecond: number;
  readonly wallRatio: number;
  readonly cpuRatio: number;
  /** The smallest and the largest of the wall ratios. */
  readonly wallRatios: readonly [number, number];
}

const cpuOf = (cost: Cost): number => cost.user_seconds + cost.system_seconds;

/** Undefined for a contestant without samples, or when the baseline has none. */
export function summarise(of: CaseResult, id: string): Summary | undefined {
  const samples = of.contestants.find((contestant) => contestant.id === id)?.samples ?? [];
  const baseline = of.contestants.find((contestant) => contestant.id === of.baseline)?.samples ?? [];
  if (samples.length === 0 || baseline.length === 0) return undefined;
  const wall = samples.map((cost) => cost.wall_seconds);
  const baselineWall = baseline.map((cost) => cost.wall_seconds);
  const ratios = wall.map((value, round) => value / baselineWall[round]!);
  return {
    wallSeconds: median(wall),
    cpuSeconds: median(samples.map(cpuOf)),
    peakMib: median(samples.map((cost) => cost.peak_bytes)) / 1024 ** 2,
    megabytesPerSecond: of.input.raw_bytes / 1e6 / median(wall),
    wallRatio: medianRatio(wall, baselineWall),
    cpuRatio: medianRatio(samples.map(cpuOf), baseline.map(cpuOf)),
    wallRatios: [Math.min(...ratios), Math.max(...ratios)],
  };
}

/** Undefined when the suite has not been run. */
export function readResult(suite: string, folder = RESULTS): SuiteResult | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, `${suite}.json`), "utf8");
  } catch {
    return undefined;
  }
  return suiteResultSchema.parse(JSON.parse(text));
}

export function writeResult(result: SuiteResult, folder = RESULTS): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.suite}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}
