// log-router run
import type { Command } from "commander";
import { runWorkers, type WorkersOptions } from "../compose/run-workers.ts";
import type { CliContext } from "../context.ts";
import { printRun } from "../output/print-run.ts";
import { runSchema } from "../reports/run.ts";
import {
  defineVerb,
  finish,
  withConfig,
  withData,
  withHealth,
  withJson,
  withQueue,
  withThreads,
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
      [
        "log-router run s3://my-logs/raw/2026/10/ --once",
        "objects on S3 into DuckDB here; needs credentials",
      ],
      ["log-router run --config aws.yaml", "with the section aws: both workers on S3, SQS and Redshift"],
    ],
    json: runSchema,
    failsWhen:
      "a source is corrupt, units could not be loaded, messages were given up, or a source does not balance",
  });
  withHealth(
    withQueue(
      withJson(
        withThreads(
          withConfig(
            withData(
              command.argument(
                "[path...]",
                "folders, files, globs in quotes, or s3://BUCKET/PREFIX with --once",
              ),
            ),
          ),
        ),
      ),
      "split_queue",
    ),
  )
    .option("--once", "stop when nothing is left to do, instead of watching")
    .action(async (paths: string[], options: WorkersOptions) => {
      const workers = { paths, split: true, load: true, needsPath: true };
      const result = await runWorkers(context, options, workers);
      printRun(context, options, result);
      finish(command, result.code);
    });
  return command;
}
