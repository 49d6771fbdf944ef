// Makes a sample of mixed logs: `node scripts/make-sample.ts --out DIR [--mb N] [--types N] [--seed S] [--files K] [--gzip|--zstd|--plain]`.
// The same options give the same bytes.
import { parseArgs } from "node:util";
import { writeSample, type SampleCompression } from "./sample/write-sample.ts";

const USAGE = `Usage: make-sample --out DIR [--mb N] [--types N] [--seed S] [--files K] [--gzip | --zstd | --plain]

  --mb N      uncompressed megabytes (10^6 bytes) of all files together; default 4
  --types N   event types; default 14
  --seed S    default 1
  --files K   default 4; the third has CRLF line endings
  without a compression: gzip, the second file zstd, the third plain
`;

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      out: { type: "string" },
      mb: { type: "string", default: "4" },
      types: { type: "string", default: "14" },
      seed: { type: "string", default: "1" },
      files: { type: "string", default: "4" },
      gzip: { type: "boolean" },
      zstd: { type: "boolean" },
      plain: { type: "boolean" },
    },
  });
  if (values.out === undefined) throw new Error("--out is missing");
  const number = (name: "mb" | "types" | "seed" | "files", low: number): number => {
    const value = Number(values[name]);
    if (!(value >= low))
      throw new Error(`--${name} must be a number of at least ${low}, not ${values[name]}`);
    return value;
  };
  const compression: SampleCompression = values.gzip
    ? "gzip"
    : values.zstd
      ? "zstd"
      : values.plain
        ? "plain"
        : "mixed";
  return {
    out: values.out,
    bytes: Math.round(number("mb", 0.01) * 1e6),
    types: Math.round(number("types", 1)),
    seed: Math.round(number("seed", 0)),
    files: Math.round(number("files", 1)),
    compression,
  };
}

let options: ReturnType<typeof readOptions> | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
if (options) {
  const counts = await writeSample(options);
  process.stdout.write(
    `${counts.files.length} files in ${options.out}: ${counts.lines} lines (${(counts.bytes / 1e6).toFixed(1)} MB uncompressed), ` +
      `${counts.byType.size} event types, ${counts.bad} bad lines, ${counts.blank} blank ones\n`,
  );
}
