// `make bench`: runs suites and writes bench/results/<suite>.json. `node bench/run.ts [--suite NAME,NAME] [--case ID,ID] [--quick | --tiny]
// [--mb N] [--rounds N] [--small-files N] [--out DIR]`; docs/performance.md is made from the results by `make docs`.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { inScratch } from "./harness/scratch.ts";
import { machine } from "./harness/machine.ts";
import { RESULTS, writeResult } from "./harness/result.ts";
import { runCase, type Case } from "./harness/suite.ts";
import { summaryLines } from "./harness/summary-lines.ts";
import { loadingCases } from "./suites/loading.ts";
import { FULL, QUICK, TINY, type Profile } from "./suites/profile.ts";
import { smallFileCases } from "./suites/small-files.ts";
import { peerCases, splitCases } from "./suites/splitting.ts";

const SUITES: Readonly<Record<string, (profile: Profile, scratch: string) => Promise<Case[]>>> = {
  split: splitCases,
  peers: peerCases,
  loading: loadingCases,
  "small-files": smallFileCases,
};

const { values: flags } = parseArgs({
  options: {
    suite: { type: "string", default: Object.keys(SUITES).join(",") },
    quick: { type: "boolean", default: false },
    tiny: { type: "boolean", default: false },
    case: { type: "string" },
    mb: { type: "string" },
    rounds: { type: "string" },
    "small-files": { type: "string" },
    out: { type: "string" },
  },
});

// What is being measured is in a process group of its own, and ends with this process (harness/measure.ts).
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const profile = chosenProfile();
// Short runs never take the place of the figures that are published.
const folder = flags.out ?? (profile.quick ? join(RESULTS, "quick") : RESULTS);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
for (const name of flags.suite.split(",")) await runSuite(name);

async function runSuite(name: string): Promise<void> {
  const casesOf = SUITES[name];
  if (!casesOf) throw new Error(`no such suite: ${name}; there are ${Object.keys(SUITES).join(", ")}`);
  say(`\n== ${name}`);
  const started = performance.now();
  const result = await inScratch(async (scratch) => {
    const versions: Record<string, string> = {};
    const head = { suite: name, date: new Date().toISOString(), machine: machine() };
    const cases = [];
    for (const each of (await casesOf(profile, scratch)).filter(isWanted)) {
      cases.push(await runCase(each, profile, versions, say));
      for (const line of summaryLines(cases.at(-1)!)) say(line);
    }
    for (const [tool, version] of Object.entries(versions)) say(`  ${tool}: ${version}`);
    const seconds = Math.round((performance.now() - started) / 1e3);
    return { ...head, seconds, quick: profile.quick, versions, cases };
  });
  writeResult(result, folder);
  say(`${join(folder, `${name}.json`)} (${result.seconds} s)`);
}

function isWanted({ id }: Case): boolean {
  return flags.case === undefined || flags.case.split(",").includes(id);
}

function chosenProfile(): Profile {
  const base = flags.tiny ? TINY : flags.quick ? QUICK : FULL;
  const chosen = {
    megabytes: flags.mb === undefined ? base.megabytes : positive("mb", flags.mb),
    rounds: flags.rounds === undefined ? base.rounds : positive("rounds", flags.rounds),
    smallFiles:
      flags["small-files"] === undefined ? base.smallFiles : positive("small-files", flags["small-files"]),
  };
  // More of everything is no shorter run.
  const isLess =
    flags.case !== undefined ||
    chosen.megabytes < base.megabytes ||
    chosen.rounds < base.rounds ||
    chosen.smallFiles < base.smallFiles;
  return { ...base, ...chosen, quick: base.quick || isLess };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a positive number, not ${text}`);
  return value;
}
