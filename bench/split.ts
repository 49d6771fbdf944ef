// `make bench`: splitting a gz file against `zcat FILE | zstd -1`, which does no routing at all, in pairs, one after the other, so that
// whatever else the machine does meets both. Options: --mb N (250), --types N (14), --pairs N (5).
import { COMMAND, inScratch, machine, numberOption, sampleFile, writeResult } from "./bench-files.ts";
import { measure, median, type Cost } from "./measure.ts";

const megabytes = numberOption("mb", 250);
const types = numberOption("types", 14);
const pairs = numberOption("pairs", 5);

const BASELINE = 'zcat < "$1" | zstd -1 -c > /dev/null';
const SPLIT = '"$1" split "$2" --out "$3"';

const two = (value: number): string => value.toFixed(2);

async function onePair(file: string, index: number): Promise<{ baseline: Cost; split: Cost }> {
  const runBaseline = () => measure(BASELINE, [file]);
  const runSplit = () => inScratch((folder) => measure(SPLIT, [COMMAND, file, `${folder}/out`]));
  // Who goes first changes from pair to pair.
  if (index % 2 === 0) {
    const baseline = await runBaseline();
    return { baseline, split: await runSplit() };
  }
  const split = await runSplit();
  return { split, baseline: await runBaseline() };
}

const file = await sampleFile(megabytes, types);
const runs: { baseline: Cost; split: Cost }[] = [];
await onePair(file, 0); // warms the page cache and the disk; not counted
for (let index = 0; index < pairs; index++) {
  const pair = await onePair(file, index);
  runs.push(pair);
  process.stdout.write(
    `pair ${index + 1}: zcat | zstd -1 ${two(pair.baseline.wallSeconds)} s wall ${two(pair.baseline.cpuSeconds)} s cpu, ` +
      `split ${two(pair.split.wallSeconds)} s wall ${two(pair.split.cpuSeconds)} s cpu\n`,
  );
}
const wallRatio = median(runs.map(({ baseline, split }) => split.wallSeconds / baseline.wallSeconds));
const cpuRatio = median(runs.map(({ baseline, split }) => split.cpuSeconds / baseline.cpuSeconds));
const splitWall = median(runs.map(({ split }) => split.wallSeconds));
const splitCpu = median(runs.map(({ split }) => split.cpuSeconds));
process.stdout.write(
  `\n${megabytes} MB, ${types} event types: wall ratio ${two(wallRatio)}, CPU ratio ${two(cpuRatio)} (medians of ${pairs} pairs); ` +
    `${two(megabytes / splitWall)} MB/s, ${two(megabytes / splitCpu)} MB/s a core\n`,
);
await writeResult("split", {
  megabytes,
  types,
  pairs: runs,
  wall_ratio: wallRatio,
  cpu_ratio: cpuRatio,
  machine: await machine(file),
});
