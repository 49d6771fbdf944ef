// log-router backfill
import type { Command } from "commander";
import { runBackfill, type BackfillOptions } from "../compose/backfill/run-backfill.ts";
import type { CliContext } from "../context.ts";
import { bytes, count, duration, plural } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import { backfillSchema, type BackfillReport } from "../reports/backfill.ts";
import {
  defineVerb,
  finish,
  print,
  withConfig,
  withData,
  withJson,
  withQueue,
  type JsonOption,
} from "../verb.ts";

export function backfillVerb(context: CliContext): Command {
  const command = defineVerb("backfill", "load source objects that are there already, behind what is new", {
    examples: [
      [
        "log-router backfill s3://my-logs/raw/2026/10/ --dry-run",
        "how much there is, and how much is loaded",
      ],
      [
        "log-router backfill s3://my-logs/raw/2026/10/ --rate 100/s",
        "sends it to the backfill queue, and waits until all of it is loaded",
      ],
      ["log-router backfill ./archive --since 2026-01-01 --until 2026-02-01", "files here, by last-modified"],
    ],
    json: backfillSchema,
    failsWhen: "a source is corrupt, or one that was sent could not be settled",
  });
  withQueue(
    withJson(
      withConfig(
        withData(command.argument("<prefix...>", "s3://BUCKET/PREFIX, or folders, files, globs in quotes")),
      ),
    ),
    "backfill_queue",
  )
    .option(
      "--since <time>",
      "last-modified at or after: 2026-10-01, 2026-10-01T06:00Z, or how long ago: 36h, 7d",
    )
    .option("--until <time>", "last-modified before")
    .option("--rate <objects/s>", "source objects sent a second at the most: 100/s")
    .option("--dry-run", "send nothing, only count")
    .option("--no-wait", "on shared queues: send, and leave the rest to the running workers")
    .action(async (paths: string[], options: BackfillOptions & JsonOption) => {
      const { report, code } = await runBackfill(context, options, paths);
      print(context, options, report, () => render(context, report));
      finish(command, code);
    });
  return command;
}

function render({ colours }: CliContext, report: BackfillReport): string {
  const { found, outside, settled_before: before, sent, dry_run: dryRun } = report;
  const others = outside > 0 ? `, ${count(outside)} of other times` : "";
  const head = `${plural(found, "source object")} found (${bytes(report.found_bytes)})${others}; ${count(before)} settled before\n`;
  const size = `${plural(sent, "source object")} (${bytes(report.sent_bytes)})`;
  if (dryRun) return `${head}${size} would be sent\n`;
  const results = (["loaded", "failed", "other", "gone", "waiting"] as const)
    .filter((name) => report[name] > 0 || name === "loaded")
    .map((name) => `${count(report[name])} ${name}`);
  const notes = report.problems.map(
    ({ problem, next_step: next }) => `${colours.red(printable(problem))}\n  next: ${printable(next)}\n`,
  );
  const stopped = report.stopped
    ? colours.yellow("Stopped; what was sent is in the queue. Running it again sends only the rest.\n")
    : "";
  return `${head}${size} sent: ${results.join(", ")} in ${duration(report.seconds)}\n${stopped}${notes.join("")}`;
}
