// `make bench-freshness`: object put → rows can be queried, at batch ages of 1, 10 and 60 s, over S3 and SQS of an emulator and the Redshift
// stand-in. Takes about five minutes. Option: --age N for one batch age. EMULATOR=localstack.
import { emulatorFromEnv, onLocalAws } from "./aws/local-aws.ts";
import { measureFreshness, type FreshnessOptions } from "./aws/measure-freshness.ts";
import { numberOption } from "./aws/number-option.ts";
import { writeAwsResult, type FreshnessRun } from "./aws/result.ts";

/** Objects fall into several batches; a batch age of a minute has time for few. */
const RUNS: readonly FreshnessOptions[] = [
  { ageSeconds: 1, objects: 40, spreadSeconds: 20 },
  { ageSeconds: 10, objects: 40, spreadSeconds: 50 },
  { ageSeconds: 60, objects: 20, spreadSeconds: 120 },
];

const emulator = emulatorFromEnv(process.env);
const only = numberOption("age", Infinity);
const results: FreshnessRun[] = [];
await onLocalAws(emulator, async (aws) => {
  for (const run of RUNS.filter(({ ageSeconds }) => only === Infinity || ageSeconds === only)) {
    const result = await measureFreshness(aws, run);
    results.push(result);
    process.stdout.write(
      `batch age ${run.ageSeconds} s, ${run.objects} objects in ${run.spreadSeconds} s: median ${result.median_seconds.toFixed(2)} s, ` +
        `p95 ${result.p95_seconds.toFixed(2)} s; beyond the batch age: p95 ${result.p95_beyond_age_seconds.toFixed(2)} s, slowest ${result.max_beyond_age_seconds.toFixed(2)} s\n`,
    );
  }
});
if (results.length === 0)
  throw new Error(`--age ${only}: it is one of ${RUNS.map((run) => run.ageSeconds).join(", ")}`);
if (only === Infinity)
  writeAwsResult(
    `freshness-${emulator}`,
    { emulator, runs: results },
    `make bench-freshness${emulator === "ministack" ? "" : ` EMULATOR=${emulator}`}`,
  );
