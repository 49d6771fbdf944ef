// log-router splitter
import type { Command } from "commander";
import { runWorkers, type WorkersOptions } from "../compose/run-workers.ts";
import type { CliContext } from "../context.ts";
import { renderRun } from "../output/run-summary.ts";
import { runSchema } from "../reports/run.ts";
import {
  defineVerb,
  finish,
  print,
  withConfig,
  withData,
  withHealth,
  withJson,
  type JsonOption,
} from "../verb.ts";

export function splitterVerb(context: CliContext): Command {
  const command = defineVerb(
    "splitter",
    "the splitting worker alone: files and the split queue into parts and receipts",
    {
      examples: [
        [
          "log-router splitter ./logs --data /srv/router",
          "watches a folder; run `log-router loader` beside it",
        ],
        ["log-router splitter --data /srv/router --health-port 8080", "one more splitter for the same queue"],
      ],
      json: runSchema,
      failsWhen: "a source is corrupt, or messages were given up",
    },
  );
  withHealth(
    withJson(
      withConfig(
        withData(command.argument("[path...]", "folders, files, or globs to announce; none: only the queue")),
      ),
    ),
  )
    .option("--once", "stop when no message waits, instead of going on")
    .action(async (paths: string[], options: WorkersOptions & JsonOption) => {
      const { report, code } = await runWorkers(context, options, { paths, split: true, load: false });
      print(context, options, report, () => renderRun(context, report));
      finish(command, code);
    });
  return command;
}
