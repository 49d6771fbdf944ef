// `make bench-stages`: each stage of the splitter alone, on one thread, in a process of its own, one line of figures each:
// `node bench/stages/run.ts [--only NAME] [--mb 50] [--types 14] [--rounds 7] [--out DIR]`. Megabytes are those of the uncompressed source,
// whatever the stage works on, so that seconds add up. Writes bench/results/stages.json.
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { createEngine } from "../../services/splitter/engine.ts";
import { defaultConfig } from "../../shared/config/schema.ts";
import { sample } from "../harness/files.ts";
import { machine } from "../harness/machine.ts";
import { RESULTS } from "../harness/result.ts";
import { inScratch } from "../harness/scratch.ts";
import { stageFiguresSchema, writeStages, type StageFigures } from "../harness/stage-result.ts";
import { median } from "../harness/statistics.ts";
import { FRAMING, INFLATE } from "./reading.ts";
import { MERGE_SHAPES, RECEIPT, TAKE_SHAPES } from "./receipts.ts";
import { JSON_PARSE, SCAN, SCAN_ONLY, SLOW_PATH } from "./scanning.ts";
import type { Stage } from "./stage.ts";
import { COMPRESS, WRITE } from "./writing.ts";

const STAGES: readonly Stage[] = [
  INFLATE,
  FRAMING,
  SCAN,
  SCAN_ONLY,
  SLOW_PATH,
  JSON_PARSE,
  COMPRESS,
  WRITE,
  TAKE_SHAPES,
  MERGE_SHAPES,
  RECEIPT,
];

const USUAL = { mb: "50", types: "14", rounds: "7" };

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    mb: { type: "string", default: USUAL.mb },
    types: { type: "string", default: USUAL.types },
    rounds: { type: "string", default: USUAL.rounds },
    out: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const [megabytes, types, rounds] = [Number(flags.mb), Number(flags.types), Number(flags.rounds)];

if (flags.only === undefined) runAll();
else {
  const stage = STAGES.find(({ name }) => name === flags.only);
  if (!stage)
    throw new Error(`no stage ${flags.only}; there are ${STAGES.map(({ name }) => name).join(", ")}`);
  const figures = await runStage(stage);
  process.stdout.write(flags.json ? `${JSON.stringify(figures)}\n` : lineOf(figures));
}

/** In processes of their own: what one stage has made V8 compile or collect does not meet the next. */
function runAll(): void {
  const stages = STAGES.map(({ name }) => {
    const args = [import.meta.filename, "--json", "--only", name, "--mb", flags.mb, "--types", flags.types];
    const text = execFileSync(process.execPath, [...args, "--rounds", flags.rounds], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const figures = stageFiguresSchema.parse(JSON.parse(text));
    process.stdout.write(lineOf(figures));
    return figures;
  });
  const date = new Date().toISOString();
  // Other sizes never take the place of the figures that are published.
  const isUsual = flags.mb === USUAL.mb && flags.types === USUAL.types && flags.rounds === USUAL.rounds;
  const folder = flags.out ?? (isUsual ? RESULTS : join(RESULTS, "quick"));
  writeStages({ date, machine: machine(), megabytes, types, rounds, stages }, folder);
}

async function runStage({ name, what, prepare }: Stage): Promise<StageFigures> {
  const { path } = await sample({ megabytes, types });
  const stored = await readFile(path);
  const raw = gunzipSync(stored);
  const config = defaultConfig();
  config.splitter.threads = 1;
  await using engine = createEngine(config);
  return await inScratch(async (folder) => {
    const round = await prepare({ stored, raw, config, engine, folder });
    await round(-1);
    const [walls, cpus]: [number[], number[]] = [[], []];
    for (let index = 0; index < rounds; index++) {
      const [wall, cpu] = [performance.now(), process.cpuUsage()];
      await round(index);
      const { user, system } = process.cpuUsage(cpu);
      walls.push((performance.now() - wall) / 1e3);
      cpus.push((user + system) / 1e6);
    }
    const used = name === "slow path" ? raw.length / 10 : raw.length;
    return { name, what, raw_bytes: used, wall_seconds: median(walls), cpu_seconds: median(cpus) };
  });
}

function lineOf({ name, raw_bytes: bytes, wall_seconds: wall, cpu_seconds: cpu }: StageFigures): string {
  const speed = (seconds: number): string => (bytes / 1e6 / seconds).toFixed(0).padStart(7);
  const per250 = ((cpu * 250e6) / bytes).toFixed(3);
  return `${name.padEnd(22)} ${speed(wall)} MB/s wall ${speed(cpu)} MB/s CPU ${per250.padStart(8)} s CPU for 250 MB\n`;
}
