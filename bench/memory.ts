// Peak resident set of the splitter's process on one large gz file, with 14 and with 5,000 event types. Options: --mb N (1000).
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { COMMAND, inScratch, machine, numberOption, sampleFile, writeResult } from "./bench-files.ts";
import { measure } from "./measure.ts";

const LIMIT_MIB = 256;
const megabytes = numberOption("mb", 1000);
const SPLIT = 'NODE_OPTIONS="--import $4" BENCH_PEAK_FILE="$5" "$1" split "$2" --out "$3"';

async function peakMib(types: number): Promise<{ peakMib: number; wallSeconds: number }> {
  const file = await sampleFile(megabytes, types);
  return await inScratch(async (folder) => {
    const report = join(folder, "peak");
    const preload = join(import.meta.dirname, "report-peak.ts");
    const { wallSeconds } = await measure(SPLIT, [COMMAND, file, join(folder, "out"), preload, report]);
    return { peakMib: Number(await readFile(report, "utf8")) / 1024 ** 2, wallSeconds };
  });
}

const results: Record<string, unknown>[] = [];
for (const types of [14, 5000]) {
  const { peakMib: peak, wallSeconds } = await peakMib(types);
  results.push({ types, peak_mib: Math.round(peak), wall_seconds: wallSeconds });
  process.stdout.write(
    `${megabytes} MB, ${types} event types: peak ${peak.toFixed(0)} MiB resident (limit ${LIMIT_MIB}), ${wallSeconds.toFixed(1)} s\n`,
  );
  if (peak > LIMIT_MIB) process.exitCode = 1;
}
await writeResult("memory", { megabytes, limit_mib: LIMIT_MIB, results, machine: await machine() });
