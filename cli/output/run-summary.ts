// The closing table of a run, and what there is to say about it.
import type { CliContext } from "../context.ts";
import type { RunReport } from "../reports/run.ts";
import { count, duration, plural } from "./numbers.ts";
import { printable } from "./printable.ts";
import { table } from "./table.ts";

/** Event types shown; --json and `log-router status` have all. */
const SHOWN = 40;

export function renderRun(context: CliContext, report: RunReport): string {
  return [types(context, report), totals(report), ...notes(context, report)].join("");
}

function types(context: CliContext, report: RunReport): string {
  const { event_types: all } = report;
  if (all.length === 0) return "";
  const columns = [
    { title: "event type", shrinkTo: 8 },
    { title: "table", shrinkTo: 8 },
    ...["rows", "columns", "quarantined", "rescued", "time", "MB/s"].map((title) => ({
      title,
      align: "right" as const,
    })),
  ];
  const rows = all
    .slice(0, SHOWN)
    .map((type) => [
      printable(type.event_type),
      printable(type.table),
      count(type.rows),
      count(type.columns),
      count(type.quarantined),
      count(type.rescued),
      "",
      "",
    ]);
  const rest = all.length > SHOWN ? `… and ${plural(all.length - SHOWN, "more event type")}\n` : "";
  return `${table(context, columns, [...rows, total(context, report)])}${rest}\n`;
}

/** Types are split and loaded together, so time and speed are of the run. Quarantined lines without an event type count here alone. */
function total({ colours }: CliContext, report: RunReport): string[] {
  const rescued = report.event_types.reduce((sum, type) => sum + type.rescued, 0);
  const cells = [
    "total",
    "",
    count(report.rows),
    "",
    count(report.quarantined),
    count(rescued),
    duration(report.seconds),
    megabytesPerSecond(report),
  ];
  return cells.map((cell) => (cell === "" ? cell : colours.bold(cell)));
}

/** Uncompressed; empty when there is nothing to tell. */
function megabytesPerSecond({ seconds, raw_bytes: bytes }: RunReport): string {
  return seconds > 0 ? (bytes / 1e6 / seconds).toFixed(1) : "";
}

function totals(report: RunReport): string {
  const { sources, seconds } = report;
  if (sources.announced === 0 && report.rows === 0) {
    return sources.unchanged > 0
      ? `Nothing new: ${plural(sources.unchanged, "file")} already loaded.\n`
      : "Nothing to do: no files, and nothing waiting.\n";
  }
  const megabytes = megabytesPerSecond(report);
  const speed = megabytes === "" ? "" : `, ${megabytes} MB/s`;
  const beside = [
    `${count(report.quarantined)} quarantined`,
    `${count(report.dropped)} dropped`,
    `${count(report.blank)} blank`,
  ].join(", ");
  const unchanged =
    sources.unchanged > 0 ? `; ${plural(sources.unchanged, "file")} already loaded before` : "";
  return (
    `${plural(sources.split, "source")} with ${plural(report.lines, "line")} split, ${plural(report.rows, "row")} loaded ` +
    `(${beside}) in ${duration(seconds)}${speed}${unchanged}\n`
  );
}

function* notes({ colours }: CliContext, report: RunReport): Generator<string> {
  for (const warning of report.warnings) yield colours.yellow(`warning: ${printable(warning)}\n`);
  if (report.stopped)
    yield colours.yellow("Stopped before everything was done; what is left is done by the next run.\n");
  if (report.quarantined > 0)
    yield colours.dim("Quarantined lines, byte for byte: log-router quarantine list\n");
  for (const { problem, next_step: next } of report.problems) {
    yield `${colours.red(printable(problem))}\n  next: ${printable(next)}\n`;
  }
}
