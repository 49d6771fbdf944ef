// log-router splitter
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
        [
          "log-router splitter --config aws.yaml --queue https://sqs.eu-west-1.amazonaws.com/123456789012/split",
          "from SQS and S3 into the routed bucket",
        ],
      ],
      json: runSchema,
      failsWhen: "a source is corrupt, or messages were given up",
    },
  );
  withHealth(
    withQueue(
      withJson(
        withThreads(
          withConfig(
            withData(
              command.argument("[path...]", "folders, files, or globs to announce; none: only the queue"),
            ),
          ),
        ),
      ),
      "split_queue",
    ),
  )
    .option("--once", "stop when no message waits, instead of going on")
    .action(async (paths: string[], options: WorkersOptions) => {
      const result = await runWorkers(context, options, { paths, split: true, load: false });
      printRun(context, options, result);
      finish(command, result.code);
    });
  return command;
}
