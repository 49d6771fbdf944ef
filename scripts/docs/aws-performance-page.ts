// docs/aws-performance.md: the last figures of `make bench-aws` and `make bench-freshness`, from bench/results/.
import {
  freshnessSchema,
  readAwsResult,
  throughputSchema,
  type Freshness,
  type Taken,
  type Throughput,
} from "../../bench/aws/result.ts";

const OTHERS = "others";
const THROUGHPUT = ["ministack", "ministack-gz", "ministack-gz-far", "localstack", "localstack-gz"];
const FRESHNESS = ["ministack", "localstack"];

export function awsPerformancePage(): string {
  const throughput = THROUGHPUT.flatMap(
    (name) => readAwsResult(`throughput-aws-${name}`, throughputSchema) ?? [],
  );
  const freshness = FRESHNESS.flatMap((name) => readAwsResult(`freshness-${name}`, freshnessSchema) ?? []);
  return `${[HEAD, ...throughput.map(throughputSection), FRESHNESS_HEAD, ...freshness.map(freshnessSection), FAIR].join("\n\n")}\n`;
}

const HEAD = `<!-- Written by scripts/generate-docs.ts from bench/results. Do not edit. -->

# Performance over S3, SQS and the Data API

Measured on one machine, against an emulator of S3 and SQS and the [Redshift stand-in](../localstack/redshift-data/README.md). **No figure here says how
fast AWS or Redshift is.** They say what the router's own processes need, and that nothing of theirs waits where it should work. Figures of the
embedded default: docs/performance.md.

\`\`\`sh
make bench-aws                        # EMULATOR=localstack for the other emulator, ARGS=--gz for gzip objects
make bench-aws ARGS="--gz --objects 300 --mb 0.05 --delay 25"   # small objects; everything 25 ms later, each way, as over a network
make bench-freshness
make docs                             # this page again, from bench/results/*.json
\`\`\`

## Throughput, and where its time goes

All objects are put and announced first. Then one splitter, as a process with default settings, takes all of them; then one loader (batch age 1 s,
other settings by default) loads all of them, making the tables on the way. Wall time begins with the start of the process. Shares are of the
pipeline's own processes; *others* is what the machine did besides: the benchmark itself, and whatever else ran.`;

const FRESHNESS_HEAD = `## Freshness

From the end of the put of an object until all of its rows (100 lines in each of 3 tables) are seen by a query through the Data API, one splitter and one
loader running with default settings but for the batch age. Objects are put at random moments; a look every 100 ms. The target (DESIGN.md 8) is for
the part that is ours: under 5 s beyond the batch age, everything but the warehouse's own COPY time. Here COPY's time on the stand-in is
counted in.`;

const FAIR = `## How to read it

- The stand-in runs every statement on PostgreSQL: parsing JSON there and in the stand-in is the price of COPY here, not on Redshift. Before a statement
  is picked, and again before it starts, it waits for a random time of up to 10 ms; the account's limits on Data API calls are enforced.
- Emulators answer in milliseconds on the same cores: what S3 and SQS do elsewhere is done here at the workers' cost.
- Processor time is from /proc/PID/stat, children included, between the start of a stage and its end.`;

function throughputSection(result: Throughput & Taken): string {
  const {
    emulator,
    objects,
    megabytes,
    stored_megabytes: stored,
    lines,
    types,
    command,
    delay_ms: delay,
  } = result;
  const stages = [
    ["split", result.split],
    ["load", result.load],
  ] as const;
  const names = new Set(stages.flatMap(([, stage]) => Object.keys(stage.cpu_seconds)));
  // At the end of the table.
  names.delete(OTHERS);
  names.add(OTHERS);
  const rows = [...names].map(
    (name) => `| ${name} | ${stages.map(([, stage]) => cpuCells(stage.cpu_seconds, name)).join(" | ")} |`,
  );
  return [
    `### ${emulator}, ${result.compression === "gzip" ? "gzip" : "plain"} objects${delay > 0 ? `, each answer ${2 * delay} ms later` : ""}`,
    `\`${command}\` on ${machineText(result.machine)}: ${objects} objects of ${(stored / objects).toFixed(2)} MB, ${megabytes.toFixed(0)} MB uncompressed, ${lines.toLocaleString("en")} lines, ${types} event types.`,
    [
      "| stage | wall, s | objects/s | MB/s uncompressed |",
      "|---|---|---|---|",
      ...stages.map(
        ([name, stage]) =>
          `| ${name} | ${stage.wall_seconds.toFixed(1)} | ${stage.objects_per_second.toFixed(1)} | ${stage.megabytes_per_second.toFixed(1)} |`,
      ),
    ].join("\n"),
    ["| CPU of | split, s | share | load, s | share |", "|---|---|---|---|---|", ...rows].join("\n"),
  ].join("\n\n");
}

/** Shares are of the pipeline's own processes: what else the machine did is no part of it. */
function cpuCells(cpu: Readonly<Record<string, number>>, name: string): string {
  const seconds = cpu[name];
  if (seconds === undefined) return "| ";
  const sum = Object.entries(cpu).reduce((total, [who, of]) => (who === OTHERS ? total : total + of), 0);
  const share = name === OTHERS ? "" : `${((100 * seconds) / sum).toFixed(0)} %`;
  return `${seconds.toFixed(1)} | ${share}`;
}

function freshnessSection({ emulator, runs, command, machine }: Freshness & Taken): string {
  const rows = runs.map(
    (run) =>
      `| ${run.batch_age_seconds} s | ${run.objects} in ${run.spread_seconds} s | ${run.median_seconds.toFixed(1)} s | ${run.p95_seconds.toFixed(1)} s | ${run.p95_beyond_age_seconds.toFixed(1)} s | ${run.max_beyond_age_seconds.toFixed(1)} s |`,
  );
  return [
    `### ${emulator}`,
    `\`${command}\` on ${machineText(machine)}.`,
    [
      "| batch age | objects | median | p95 | p95 beyond the batch age | slowest beyond the batch age |",
      "|---|---|---|---|---|---|",
      ...rows,
    ].join("\n"),
  ].join("\n\n");
}

function machineText({ cpu, cores, platform, node, commit, uncommitted }: Taken["machine"]): string {
  const changed = uncommitted.length > 0 ? ` with changes in ${uncommitted.length} files` : "";
  return `${cores} cores of ${cpu}, ${platform}, Node ${node.replace(/^v/, "")}, commit ${commit}${changed}`;
}
