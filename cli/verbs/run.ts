// log-router run
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

export function runVerb(context: CliContext): Command {
  const command = defineVerb("run", "split and load files into typed tables, in one process", {
    examples: [
      ["log-router run ./logs --once", "everything under a folder; drains and exits"],
      [
        "log-router run './logs/**/*.gz' --once --warehouse duckdb:./events.duckdb",
        "a glob (in quotes), into a file of your choice",
      ],
      ["log-router run ./logs --config router.yaml", "keeps watching; Ctrl-C drains and exits"],
    ],
    json: runSchema,
    failsWhen:
      "a source is corrupt, units could not be loaded, messages were given up, or a source does not balance",
  });
  withHealth(
    withJson(withConfig(withData(command.argument("<path...>", "folders, files, or globs in quotes")))),
  )
    .option("--once", "stop when nothing is left to do, instead of watching")
    .action(async (paths: string[], options: WorkersOptions & JsonOption) => {
      const { report, code } = await runWorkers(context, options, { paths, split: true, load: true });
      print(context, options, report, () => renderRun(context, report));
      finish(command, code);
    });
  return command;
}
