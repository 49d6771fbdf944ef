// log-router status
import type { Command } from "commander";
import { openForReading } from "../compose/open-for-reading.ts";
import type { CliContext } from "../context.ts";
import { count, duration, plural } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { statusReport, statusSchema, type StatusReport } from "../reports/status.ts";
import {
  defineVerb,
  finish,
  print,
  withReading,
  withJson,
  type ReadingOptions,
  type JsonOption,
} from "../verb.ts";

export function statusVerb(context: CliContext): Command {
  const command = defineVerb("status", "what is in the tables, what waits, what went wrong", {
    examples: [
      [
        "log-router status",
        "by event type: table, rows, columns, last load, freshness; sources by state; queues",
      ],
      ["log-router status --json | jq .queues", "the same for programs"],
    ],
    json: statusSchema,
  });
  withJson(withReading(command)).action(async (options: ReadingOptions & JsonOption) => {
    await using deps = await openForReading(context, options);
    const report = await statusReport(deps);
    print(context, options, report, () => render(context, report));
    finish(command, 0);
  });
  return command;
}

function render(context: CliContext, report: StatusReport): string {
  const { colours } = context;
  const text = [
    eventTypes(context, report),
    `\nSources: ${states(report)}\n`,
    `Lines beside the rows: ${besideRows(report)}\n`,
    `Queues: ${queues(report)}\n`,
    `Warehouse: ${printable(report.warehouse)}\n`,
  ];
  for (const { key, state, reason } of report.problems) {
    text.push(colours.red(`${state}: ${printable(key)}: ${printable(reason ?? "no reason known")}\n`));
  }
  if (report.pending.units > 0) {
    const last = report.pending.oldest[0];
    const error = last ? `; last error: ${printable(last.last_error)}` : "";
    text.push(colours.yellow(`${plural(report.pending.units, "unit")} could not be loaded yet${error}\n`));
  }
  return text.join("");
}

function eventTypes(context: CliContext, report: StatusReport): string {
  if (report.event_types.length === 0) return "No tables yet.\n";
  const rows = report.event_types.map((type) => [
    printable(type.event_type),
    printable(type.table),
    count(type.rows),
    count(type.columns),
    count(type.quarantined),
    count(type.rescued),
    type.seconds_since_load === null ? "never" : `${duration(type.seconds_since_load)} ago`,
    type.freshness_seconds === null ? "?" : duration(type.freshness_seconds),
  ]);
  const columns = [
    { title: "event type", shrinkTo: 8 },
    { title: "table", shrinkTo: 8 },
    ...["rows", "columns", "quarantined", "rescued", "last load", "freshness"].map((title) => ({
      title,
      align: "right" as const,
    })),
  ];
  return table(context, columns, rows);
}

/** Most lines in quarantine have no event type (or none that the ledger knows), so the sum is told here. */
function besideRows({ lines, event_types: types }: StatusReport): string {
  const refused = types.reduce((sum, { quarantined }) => sum + quarantined, 0);
  const some = refused > 0 ? ` (${count(refused)} of them refused by the warehouse)` : "";
  const quarantined = `${count(lines.quarantined + refused)} quarantined${some}`;
  return `${quarantined}, ${count(lines.dropped)} dropped, ${count(lines.blank)} blank`;
}

function states({ sources }: StatusReport): string {
  const named = Object.entries(sources).filter(([state, number]) => number > 0 || state === "loaded");
  return named.map(([state, number]) => `${count(number)} ${state}`).join(", ");
}

/** The backfill queue is shown while there is something in it. */
function queues({ queues: { split, backfill, load } }: StatusReport): string {
  const isUsed = backfill.visible + backfill.in_flight + backfill.delayed + backfill.dead > 0;
  const shown = [
    queue("split", split),
    ...(isUsed ? [queue("backfill", backfill)] : []),
    queue("load", load),
  ];
  return shown.join("; ");
}

function queue(name: string, depth: StatusReport["queues"]["split"]): string {
  const parts = [`${count(depth.visible)} waiting`, `${count(depth.in_flight)} in work`];
  if (depth.delayed > 0) parts.push(`${count(depth.delayed)} delayed`);
  parts.push(`${count(depth.dead)} dead`);
  return `${name} ${parts.join(", ")}`;
}
