// log-router where
import { resolve } from "node:path";
import type { Command } from "commander";
import { sourceName } from "../compose/s3-path.ts";
import { realPath } from "../compose/source-paths.ts";
import { openForReading } from "../compose/open-for-reading.ts";
import type { CliContext } from "../context.ts";
import { bytes, count, plural } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { findSource } from "../reports/find-source.ts";
import { whereReports, whereSchema, type WhereReport } from "../reports/where.ts";
import {
  defineVerb,
  finish,
  print,
  withReading,
  withJson,
  type ReadingOptions,
  type JsonOption,
} from "../verb.ts";

export function whereVerb(context: CliContext): Command {
  const command = defineVerb("where", "where one source object is, and what to do about it", {
    examples: [
      ["log-router where ./logs/app-1.gz", "by path or key: one report for each content that it has had"],
      ["log-router where 3f9a1c", "by source id, or the start of one"],
    ],
    json: whereSchema.array(),
  });
  withJson(withReading(command.argument("<key-or-id>", "path, key, or source id"))).action(
    async (text: string, options: ReadingOptions & JsonOption) => {
      await using deps = await openForReading(context, options);
      const path = resolve(context.cwd, text);
      const found = await findSource(deps, text, [realPath(path), path]);
      const reports = await whereReports(deps, found);
      print(context, options, reports, () => reports.map((report) => render(context, report)).join("\n"));
      finish(command, 0);
    },
  );
  return command;
}

function render(context: CliContext, report: WhereReport): string {
  const { colours } = context;
  const facts: readonly (readonly [string, string | null])[] = [
    ["source", printable(sourceName(report.bucket, report.key))],
    ["id", report.source_id],
    ["state", report.reason === null ? report.state : `${report.state}: ${printable(report.reason)}`],
    [
      "stored",
      report.bytes === null ? null : `${bytes(report.bytes)}, last modified ${report.last_modified}`,
    ],
    ["split", report.split_at],
    ["receipt", report.receipt],
    ["lines", report.lines && lines(report.lines, report.parts ?? 0)],
  ];
  const head = facts
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${colours.dim(name.padEnd(8))} ${value}\n`)
    .join("");
  const dead = report.dead_letters.map(({ queue, reason, receives }) =>
    colours.red(
      `dead letter in the ${queue} queue after ${receives} deliveries: ${printable(reason ?? "no reason known")}\n`,
    ),
  );
  const next = `${colours.dim("next".padEnd(8))} ${printable(report.next_step)}\n`;
  return head + units(context, report.units) + dead.join("") + next;
}

function lines(counts: NonNullable<WhereReport["lines"]>, parts: number): string {
  const { total, rows, quarantined, dropped, blank } = counts;
  return `${count(total)} = ${count(rows)} rows in ${plural(parts, "part")} + ${count(quarantined)} quarantined + ${count(dropped)} dropped + ${count(blank)} blank`;
}

function units(context: CliContext, all: WhereReport["units"]): string {
  if (all.length === 0) return "";
  const columns = [
    { title: "event type", shrinkTo: 8 },
    { title: "lines", align: "right" as const },
    { title: "state" },
    { title: "table", shrinkTo: 8 },
    { title: "rows", align: "right" as const },
    { title: "note", shrinkTo: 10 },
  ];
  const rows = all.map((unit) => [
    printable(unit.event_type),
    count(unit.lines),
    unit.state,
    printable(unit.table ?? "–"),
    count(unit.rows),
    note(unit),
  ]);
  return table(context, columns, rows);
}

function note(unit: WhereReport["units"][number]): string {
  if (unit.last_error !== null)
    return `${unit.attempts} attempts, next ${unit.next_try}: ${printable(unit.last_error)}`;
  return unit.rejected > 0 ? `${count(unit.rejected)} refused by the warehouse` : "";
}
