// From one gz file to queryable typed tables: `log-router run --once` against DuckDB's own SQL written by hand (hand-written.ts), in
// pairs. Options: --mb N (250), --types N (14), --pairs N (3).
import { join } from "node:path";
import { COMMAND, inScratch, machine, numberOption, sampleFile, writeResult } from "./bench-files.ts";
import { measure, median, type Cost } from "./measure.ts";

const megabytes = numberOption("mb", 250);
const types = numberOption("types", 14);
const pairs = numberOption("pairs", 3);

const RUN = '"$1" run "$2" --once --data "$3"';
const BY_HAND = '"$1" "$2" "$3" "$4"';

const two = (value: number): string => value.toFixed(2);

const file = await sampleFile(megabytes, types);
const runs: { byHand: Cost; run: Cost }[] = [];
for (let index = 0; index < pairs; index++) {
  const byHand = await inScratch((folder) =>
    measure(BY_HAND, [
      process.execPath,
      join(import.meta.dirname, "hand-written.ts"),
      file,
      `${folder}/by-hand.duckdb`,
    ]),
  );
  const run = await inScratch((folder) => measure(RUN, [COMMAND, file, `${folder}/data`]));
  runs.push({ byHand, run });
  process.stdout.write(
    `pair ${index + 1}: by hand ${two(byHand.wallSeconds)} s wall ${two(byHand.cpuSeconds)} s cpu, ` +
      `run --once ${two(run.wallSeconds)} s wall ${two(run.cpuSeconds)} s cpu\n`,
  );
}
const wallRatio = median(runs.map(({ byHand, run }) => run.wallSeconds / byHand.wallSeconds));
const cpuRatio = median(runs.map(({ byHand, run }) => run.cpuSeconds / byHand.cpuSeconds));
process.stdout.write(
  `\n${megabytes} MB, ${types} event types, gz file to tables: wall ratio ${two(wallRatio)}, CPU ratio ${two(cpuRatio)} ` +
    `(medians of ${pairs} pairs, below 1 is faster than by hand)\n`,
);
await writeResult("end-to-end", {
  megabytes,
  types,
  pairs: runs,
  wall_ratio: wallRatio,
  cpu_ratio: cpuRatio,
  machine: await machine(file),
});
