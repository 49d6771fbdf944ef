// Many small files against one file of the same lines: what a file costs beside its bytes.
import { logRouterRun } from "../contestants/loaders.ts";
import { checkSplit } from "../contestants/routers.ts";
import { sample, type Sample } from "../harness/files.ts";
import type { Case, Contestant } from "../harness/suite.ts";
import type { Profile } from "./profile.ts";

const FILE_KB = 20;
const TYPES = 14;

/** Fewer of them all the way to tables, which takes longer. */
const RUN_SHARE = 5;

export async function smallFileCases({ smallFiles }: Profile): Promise<Case[]> {
  const splitting = await samples(smallFiles);
  const running = await samples(smallFiles / RUN_SHARE);
  return [
    {
      ...splitting.shared,
      id: "small-split",
      title: "Small files, split",
      baseline: "one-file",
      contestants: [
        split("one-file", "log-router split, one file of the same size", "BIG", splitting.big),
        split("small-files", "log-router split, small files", "FILES", splitting.small),
      ],
    },
    {
      ...running.shared,
      id: "small-run",
      title: "Small files, from files to tables",
      baseline: "one-file-run",
      contestants: [
        run("one-file-run", "log-router run --once, one file of the same size", "BIG", running.big),
        run("small-files-run", "log-router run --once, small files", "FILES", running.small),
      ],
    },
  ];
}

async function samples(files: number) {
  const megabytes = (files * FILE_KB) / 1000;
  const small = await sample({ megabytes, types: TYPES, files, eventsOnly: true });
  const big = await sample({ megabytes, types: TYPES, eventsOnly: true });
  return {
    small,
    big,
    shared: { input: small.description, variables: { FILES: small.path, BIG: big.path } },
  };
}

function split(id: string, title: string, variable: string, input: Sample): Contestant {
  const command = `bin/log-router split "$${variable}" --out "$OUT"`;
  return { id, title, command, check: (out) => checkSplit(out, input) };
}

function run(id: string, title: string, variable: string, input: Sample): Contestant {
  const contestant = logRouterRun(input, { id, title });
  return { ...contestant, command: contestant.command.replace("$FILE", `$${variable}`) };
}
