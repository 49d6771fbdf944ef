// log-router loader
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

export function loaderVerb(context: CliContext): Command {
  const command = defineVerb("loader", "the loading worker alone: the load queue into tables", {
    examples: [
      ["log-router loader --data /srv/router", "loads what splitters over the same folder announce"],
      ["log-router loader --data /srv/router --once", "loads what waits now, and exits"],
    ],
    json: runSchema,
    failsWhen: "units could not be loaded, messages were given up, or a source does not balance",
  });
  withHealth(withJson(withConfig(withData(command))))
    .option("--once", "stop when nothing waits, instead of going on")
    .action(async (options: WorkersOptions & JsonOption) => {
      const { report, code } = await runWorkers(context, options, { paths: [], split: false, load: true });
      print(context, options, report, () => renderRun(context, report));
      finish(command, code);
    });
  return command;
}
