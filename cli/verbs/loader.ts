// log-router loader
import type { Command } from "commander";
import { runWorkers, type WorkersOptions } from "../compose/run-workers.ts";
import type { CliContext } from "../context.ts";
import { printRun } from "../output/print-run.ts";
import { runSchema } from "../reports/run.ts";
import { defineVerb, finish, withConfig, withData, withHealth, withJson, withQueue } from "../verb.ts";

export function loaderVerb(context: CliContext): Command {
  const command = defineVerb("loader", "the loading worker alone: the load queue into tables", {
    examples: [
      ["log-router loader --data /srv/router", "loads what splitters over the same folder announce"],
      ["log-router loader --data /srv/router --once", "loads what waits now, and exits"],
      ["log-router loader --config aws.yaml --warehouse redshift:analytics/prod", "from SQS into Redshift"],
    ],
    json: runSchema,
    failsWhen: "units could not be loaded, messages were given up, or a source does not balance",
  });
  withHealth(withQueue(withJson(withConfig(withData(command))), "load_queue"))
    .option("--once", "stop when nothing waits, instead of going on")
    .action(async (options: WorkersOptions) => {
      const result = await runWorkers(context, options, { paths: [], split: false, load: true });
      printRun(context, options, result);
      finish(command, result.code);
    });
  return command;
}
