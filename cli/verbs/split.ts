// log-router split
import { resolve } from "node:path";
import type { Command } from "commander";
import { splitFiles } from "../compose/split-files.ts";
import type { CliContext } from "../context.ts";
import { bytes, duration, plural } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import type { SplitReport } from "../reports/split.ts";
import {
  defineVerb,
  finish,
  print,
  withConfig,
  withJson,
  withThreads,
  type ConfigOptions,
  type JsonOption,
} from "../verb.ts";

interface SplitOptions extends ConfigOptions, JsonOption {
  readonly out: string;
}

export function splitVerb(context: CliContext): Command {
  const command = defineVerb(
    "split",
    "the first half alone: parts, receipts and quarantine as files in a folder",
    {
      examples: [
        [
          "log-router split ./logs --out ./parts",
          "parts by event type (zstd NDJSON), without queues or a warehouse",
        ],
        ["log-router split big.gz --out /tmp/parts --threads 2", "for measuring"],
      ],
      // Only the documents want it, and the schema library takes 30 ms.
      json: async () => (await import("../reports/split.ts")).splitReportSchema,
      failsWhen: "a source is corrupt or cannot be read",
    },
  );
  withJson(
    withThreads(
      withConfig(command.argument("<path...>", "folders, files, globs in quotes, or s3://BUCKET/PREFIX")),
    ),
  )
    .requiredOption("--out <dir>", "folder for parts/, receipts/, shapes/ and quarantine/")
    .action(async (paths: string[], options: SplitOptions) => {
      using signals = context.signals.listen();
      const out = resolve(context.cwd, options.out);
      const report = await splitFiles(context, options, out, paths, signals.graceful);
      print(context, options, report, () => render(context, report));
      finish(command, report.failures.length > 0 ? 1 : 0);
    });
  return command;
}

function render({ colours }: CliContext, report: SplitReport): string {
  const { sources, known, lines, rows, quarantined, seconds, raw_bytes: raw } = report;
  const speed = seconds > 0 ? `, ${(raw / 1e6 / seconds).toFixed(1)} MB/s` : "";
  const before = known > 0 ? `; ${plural(known, "source")} split before` : "";
  const head =
    `${plural(sources, "source")} with ${plural(lines, "line")} (${bytes(raw)}) into ${plural(report.parts, "part")} with ${plural(rows, "row")}, ` +
    `${plural(quarantined, "line")} quarantined, in ${duration(seconds)}${speed}${before}\n`;
  return (
    head +
    report.failures
      .map(({ key, reason }) => colours.red(`${printable(key)}: ${printable(reason)}\n`))
      .join("")
  );
}
