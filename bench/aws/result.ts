// Result files of the benchmarks over S3, SQS and the Data API: bench/results/<name>.json, which docs/aws-performance.md is made from.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { machine } from "../harness/machine.ts";
import { machineSchema, RESULTS } from "../harness/result.ts";

/** One worker doing all the work that was waiting for it. */
const stageSchema = z.object({
  /** From the worker's start until the last object was done. */
  wall_seconds: z.number(),
  objects_per_second: z.number(),
  /** Of 10^6 bytes, uncompressed. */
  megabytes_per_second: z.number(),
  /** By process. `others` is what the machine did besides, this program included. */
  cpu_seconds: z.record(z.string(), z.number()),
});

export const throughputSchema = z.object({
  emulator: z.string(),
  objects: z.number(),
  megabytes: z.number(),
  /** As they lie in the bucket. */
  stored_megabytes: z.number(),
  lines: z.number(),
  types: z.number(),
  compression: z.string(),
  /** How much later everything arrives that the workers send, and that they are answered. */
  delay_ms: z.number().default(0),
  split: stageSchema,
  load: stageSchema,
});

/** One batch age. */
const freshnessRunSchema = z.object({
  batch_age_seconds: z.number(),
  objects: z.number(),
  spread_seconds: z.number(),
  median_seconds: z.number(),
  p95_seconds: z.number(),
  max_seconds: z.number(),
  /** What the slowest objects took beyond the batch age: splitting, queues, planning, COPY on the stand-in, and the looking itself. */
  p95_beyond_age_seconds: z.number(),
  max_beyond_age_seconds: z.number(),
  seconds: z.array(z.number()),
});

export const freshnessSchema = z.object({ emulator: z.string(), runs: z.array(freshnessRunSchema) });

export type Stage = z.infer<typeof stageSchema>;
export type Throughput = z.infer<typeof throughputSchema>;
export type FreshnessRun = z.infer<typeof freshnessRunSchema>;
export type Freshness = z.infer<typeof freshnessSchema>;

const takenSchema = z.object({ command: z.string(), machine: machineSchema });
/** How and on what a result was taken. */
export type Taken = z.infer<typeof takenSchema>;

export function writeAwsResult(name: string, result: Throughput | Freshness, command: string): void {
  mkdirSync(RESULTS, { recursive: true });
  const taken = { ...result, command, machine: machine() };
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(taken, undefined, 2)}\n`);
}

/** Undefined when that benchmark has not been run. */
export function readAwsResult<T>(name: string, schema: z.ZodType<T>): (T & Taken) | undefined {
  const file = join(RESULTS, `${name}.json`);
  if (!existsSync(file)) return undefined;
  const json: unknown = JSON.parse(readFileSync(file, "utf8"));
  return { ...schema.parse(json), ...takenSchema.parse(json) };
}
