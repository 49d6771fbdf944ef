// Many files against one file of the same lines: what a file costs beside its bytes.
import { logRouterRun } from "../contestants/loaders.ts";
import { checkSplit } from "../contestants/routers.ts";
import { sample, type Sample } from "../harness/files.ts";
import type { Case, Contestant } from "../harness/suite.ts";
import type { Profile } from "./profile.ts";

/** Lines of one file, 10^3 bytes: gzipped they are 20 kB. */
const OBJECT_KB = 137;
/** Gzipped they are 4 kB. */
const TINY_OBJECT_KB = 20;
/** Sizes between those of small files and the usual one: gzipped about 100 kB, 300 kB and 1 MB. */
const MIDDLE_KB = { "0.1 MB": 700, "0.3 MB": 2100, "1 MB": 7000 } as const;
const TYPES = 14;

/** Fewer of them all the way to tables, which takes longer. */
const RUN_SHARE = 5;
/** As much as so many of the usual small files, in files of other sizes. */
const MIDDLE_SHARE = 3.5;

export async function smallFileCases({ smallFiles, manySizes }: Profile): Promise<Case[]> {
  const running = smallFiles / RUN_SHARE;
  const small = [
    splitCase("small-split", "Objects of 20 kB, split", await sampled(smallFiles, OBJECT_KB)),
    runCase("small-run", "Objects of 20 kB, from files to tables", await sampled(running, OBJECT_KB)),
  ];
  if (!manySizes) return small;
  return [
    ...small,
    await middleCase((smallFiles / MIDDLE_SHARE) * OBJECT_KB),
    splitCase("tiny-split", "Objects of 4 kB, split", await sampled(smallFiles, TINY_OBJECT_KB)),
    runCase("tiny-run", "Objects of 4 kB, from files to tables", await sampled(running, TINY_OBJECT_KB)),
  ];
}

interface Sampled {
  readonly one: Sample;
  readonly many: Sample;
}

/** The same number of bytes in many files and in one. */
async function sampled(files: number, kilobytes: number): Promise<Sampled> {
  const megabytes = (files * kilobytes) / 1000;
  const many = await sample({ megabytes, types: TYPES, files, eventsOnly: true });
  return { many, one: await sample({ megabytes, types: TYPES, eventsOnly: true }) };
}

type Head = Pick<Case, "id" | "title" | "input" | "variables" | "baseline">;

function headOf(id: string, title: string, { one, many }: Sampled): Head {
  const variables = { FILES: many.path, BIG: one.path };
  return { id, title, input: many.description, variables, baseline: "one-file" };
}

function splitCase(id: string, title: string, sampled: Sampled): Case {
  return {
    ...headOf(id, title, sampled),
    contestants: [
      split("one-file", "log-router split, one file of the same lines", "BIG", sampled.one),
      split("small-files", "log-router split, many files", "FILES", sampled.many),
    ],
  };
}

function runCase(id: string, title: string, sampled: Sampled): Case {
  return {
    ...headOf(id, title, sampled),
    contestants: [
      run("one-file", "log-router run --once, one file of the same lines", "BIG", sampled.one),
      run("small-files", "log-router run --once, many files", "FILES", sampled.many),
    ],
  };
}

async function middleCase(kilobytes: number): Promise<Case> {
  const megabytes = Math.ceil(kilobytes / 1000);
  const one = await sample({ megabytes, types: TYPES, eventsOnly: true });
  const contestants = [split("one-file", "log-router split, one file of the same lines", "BIG", one)];
  const variables: Record<string, string> = { BIG: one.path };
  for (const [index, [size, each]] of Object.entries(MIDDLE_KB).entries()) {
    const files = Math.max(2, Math.round((megabytes * 1000) / each));
    const many = await sample({ megabytes, types: TYPES, files, eventsOnly: true });
    const variable = `FILES_${index}`;
    variables[variable] = many.path;
    contestants.push(split(`files-${each}-kb`, `log-router split, files of ${size}`, variable, many));
  }
  const title = "Objects of 0.1 to 1 MB, split";
  return { id: "middle-split", title, input: one.description, variables, baseline: "one-file", contestants };
}

function split(id: string, title: string, variable: string, input: Sample): Contestant {
  const command = `bin/log-router split "$${variable}" --out "$OUT"`;
  return { id, title, command, check: (out) => checkSplit(out, input) };
}

function run(id: string, title: string, variable: string, input: Sample): Contestant {
  const contestant = logRouterRun(input, { id, title });
  return { ...contestant, command: contestant.command.replace("$FILE", `$${variable}`) };
}
