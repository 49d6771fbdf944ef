// Runs the contestants of a case in turns, and checks what each of them writes before anything is timed.
import { createReadStream } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { inScratch } from "./scratch.ts";
import { CommandFailed, measure, type Cost } from "./measure.ts";
import type { BenchInput, CaseResult, ContestantResult } from "./result.ts";
import { rotation } from "./statistics.ts";

/** Who takes part in a case. Everybody gets the same input, an empty output folder on the same file system, and the same environment. */
export interface Contestant {
  readonly id: string;
  readonly title: string;
  /** Shell text, run in the repository's root: "$FILE" is the input, "$OUT" the output folder. */
  readonly command: string;
  /** Says why it cannot run here (`not installed`), or gives its version. */
  readonly detect?: () => { readonly version: string } | { readonly absent: string };
  /** Another tool may be unable to do it at all; its row says so then. What it writes must be right all the same. */
  readonly mayFail?: boolean;
  /** Done before each run, outside of what is measured. */
  readonly prepare?: (out: string) => Promise<void>;
  /** Throws when the output is not what it should be. */
  readonly check: (out: string) => Promise<void>;
}

export interface Case {
  readonly id: string;
  readonly title: string;
  readonly input: BenchInput;
  /** Variables of the commands: FILE, and what else they name. */
  readonly variables: Readonly<Record<string, string>>;
  readonly baseline: string;
  readonly contestants: readonly Contestant[];
}

export type Say = (line: string) => void;

export interface Rounds {
  readonly rounds: number;
  readonly warmUp: boolean;
}

/** Runs a case: once for the check, then `rounds` rounds that count. */
export async function runCase(
  of: Case,
  { rounds, warmUp }: Rounds,
  versions: Record<string, string>,
  say: Say,
): Promise<CaseResult> {
  say(`${of.title} (${of.input.name})`);
  const results = of.contestants.map((contestant) => start(contestant, versions));
  const loadBefore = loadavg()[0]!;
  if (warmUp) for (const each of results) await warm(of, each);
  const present = results.filter(({ result }) => result.absent === undefined);
  for (const order of rotation(present.length, rounds)) {
    for (const index of order) {
      const { contestant, result } = present[index]!;
      const isCheck = !warmUp && result.samples.length === 0;
      result.samples.push(await runOnce(of, contestant, isCheck));
    }
    say(`  ${order.map((index) => lastOf(present[index]!.result)).join("  ")}`);
  }
  return {
    id: of.id,
    title: of.title,
    input: of.input,
    baseline: of.baseline,
    rounds,
    load_before: loadBefore,
    load_after: loadavg()[0]!,
    contestants: results.map(({ result }) => result),
  };
}

const SCRATCH_OUT = /\S*log-router-bench-run-\w+\/out/g;

interface Runner {
  readonly contestant: Contestant;
  readonly result: ContestantResult;
}

async function warm(of: Case, { contestant, result }: Runner): Promise<void> {
  if (result.absent !== undefined) return;
  try {
    await runOnce(of, contestant, true);
  } catch (error) {
    if (!(error instanceof CommandFailed) || !contestant.mayFail) throw error;
    // No paths of this machine in the results.
    result.absent = `failed: ${error.lastWords.replace(SCRATCH_OUT, "$OUT")}`;
  }
}

function start(contestant: Contestant, versions: Record<string, string>): Runner {
  const detected = contestant.detect?.();
  const result: ContestantResult = {
    id: contestant.id,
    title: contestant.title,
    command: contestant.command,
    samples: [],
  };
  if (detected && "absent" in detected) result.absent = detected.absent;
  else if (detected) versions[contestant.title] = detected.version;
  return { contestant, result };
}

function lastOf({ id, samples }: ContestantResult): string {
  const { wall_seconds, user_seconds, system_seconds, peak_bytes } = samples.at(-1)!;
  const cpu = user_seconds + system_seconds;
  return `${id} ${wall_seconds.toFixed(2)} s, ${cpu.toFixed(2)} s CPU, ${(peak_bytes / 1024 ** 2).toFixed(0)} MiB;`;
}

/** Everybody finds the input in the page cache, also where a host takes its memory back between two runs. */
async function readInputs(variables: Case["variables"], command: string): Promise<void> {
  for (const [name, path] of Object.entries(variables)) {
    if (!command.includes(`"$${name}"`)) continue;
    for await (const file of filesBelow(path)) for await (const _ of createReadStream(file));
  }
}

/** None when it is no path. */
async function* filesBelow(path: string): AsyncGenerator<string, void, undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory()) return stats ? yield path : undefined;
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) yield join(entry.parentPath, entry.name);
}

async function runOnce(of: Case, contestant: Contestant, isCheck: boolean): Promise<Cost> {
  return await inScratch(async (folder) => {
    const out = join(folder, "out");
    await mkdir(out);
    await contestant.prepare?.(out);
    await readInputs(of.variables, contestant.command);
    const cost = await measure(contestant.command, { ...of.variables, OUT: out });
    if (isCheck) await contestant.check(out);
    return cost;
  });
}
