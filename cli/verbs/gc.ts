// log-router gc
import type { Command } from "commander";
import { openForReading } from "../compose/open-for-reading.ts";
import type { CliContext } from "../context.ts";
import { bytes, plural } from "../output/numbers.ts";
import { gcReport, gcSchema, MIN_AGE_HOURS } from "../reports/gc.ts";
import {
  defineVerb,
  finish,
  print,
  withReading,
  withJson,
  type ReadingOptions,
  type JsonOption,
} from "../verb.ts";

interface GcOptions extends ReadingOptions, JsonOption {
  readonly dryRun?: boolean;
}

export function gcVerb(context: CliContext): Command {
  const command = defineVerb(
    "gc",
    `remove parts that no receipt names, and what loads have left, when older than ${MIN_AGE_HOURS} h`,
    {
      examples: [
        ["log-router gc --dry-run", "how much would go"],
        ["log-router gc", "remove it; safe beside running workers"],
      ],
      json: gcSchema,
    },
  );
  withJson(withReading(command))
    .option("--dry-run", "remove nothing, only count")
    .action(async (options: GcOptions) => {
      await using deps = await openForReading(context, options);
      const report = await gcReport(deps, options.dryRun === true);
      print(context, options, report, () => {
        const verb = report.dry_run ? "would be removed" : "removed";
        const young =
          report.kept_young > 0 ? `, ${plural(report.kept_young, "object")} too young to tell` : "";
        return `${plural(report.removed, "object")} (${bytes(report.removed_bytes)}) ${verb} of ${report.examined}${young}\n`;
      });
      finish(command, 0);
    });
  return command;
}
