// `make bench-aws`: many objects through the splitter and then the loader, over S3 and SQS of an emulator and the Redshift stand-in, and how much of
// the time was theirs. Options: --objects N (200), --mb N of each object, uncompressed (1), --types N (14), --gz,
// --delay N (0): milliseconds that everything takes longer, each way, as over a network. EMULATOR=localstack.
import { emulatorFromEnv, onLocalAws } from "./aws/local-aws.ts";
import { measureThroughput } from "./aws/measure-throughput.ts";
import { numberOption } from "./aws/number-option.ts";
import { writeAwsResult, type Stage } from "./aws/result.ts";

const emulator = emulatorFromEnv(process.env);
const objects = numberOption("objects", 200);
const megabytes = numberOption("mb", 1);
const types = numberOption("types", 14);
const delay = numberOption("delay", 0);
const compression = process.argv.includes("--gz") ? "gzip" : "plain";

const result = await onLocalAws(
  emulator,
  (aws, folder) =>
    measureThroughput(aws, { objects, bytes: objects * megabytes * 1e6, types, compression, delay }, folder),
  delay,
);

function show(name: string, stage: Stage): void {
  const {
    wall_seconds: wall,
    objects_per_second: rate,
    megabytes_per_second: speed,
    cpu_seconds: cpu,
  } = stage;
  const sum = Object.values(cpu).reduce((total, seconds) => total + seconds, 0);
  process.stdout.write(
    `${name}: ${wall.toFixed(1)} s, ${rate.toFixed(1)} objects/s, ${speed.toFixed(1)} MB/s\n`,
  );
  for (const [who, seconds] of Object.entries(cpu))
    process.stdout.write(
      `  ${who.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s CPU ${((100 * seconds) / sum).toFixed(0).padStart(3)} %\n`,
    );
}

process.stdout.write(
  `${result.objects} objects of ${(result.stored_megabytes / result.objects).toFixed(2)} MB (${result.megabytes.toFixed(0)} MB uncompressed, ${result.lines} lines, ${types} event types), ${emulator}\n`,
);
show("split", result.split);
show("load", result.load);
const args = process.argv.slice(2).join(" ");
const settings = [
  ...(emulator === "ministack" ? [] : [`EMULATOR=${emulator}`]),
  ...(args === "" ? [] : [`ARGS="${args}"`]),
];
writeAwsResult(
  `throughput-aws-${emulator}${compression === "gzip" ? "-gz" : ""}${delay > 0 ? "-far" : ""}`,
  result,
  ["make bench-aws", ...settings].join(" "),
);
