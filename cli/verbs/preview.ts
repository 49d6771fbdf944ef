// log-router preview
import type { Command } from "commander";
import { z } from "zod";
import { closest } from "../../shared/config/closest.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { openForReading, type ReadingDeps } from "../compose/open-for-reading.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { wholeNumber } from "../output/whole-number.ts";
import {
  defineVerb,
  finish,
  print,
  withReading,
  withJson,
  type ReadingOptions,
  type JsonOption,
} from "../verb.ts";

/** Columns shown on a terminal; --json has all. */
const SHOWN_COLUMNS = 8;

interface PreviewOptions extends ReadingOptions, JsonOption {
  readonly limit: number;
}

type Row = Readonly<Record<string, unknown>>;

export function previewVerb(context: CliContext): Command {
  const command = defineVerb("preview", "a few rows of a table", {
    examples: [
      ["log-router preview order_created", "the first 5 rows, the columns that have values first"],
      ["log-router preview order_created --limit 100 --json", "whole rows, one JSON document"],
    ],
    json: z.record(z.string(), z.unknown()).array().describe("Column name → value"),
  });
  withJson(withReading(command.argument("<table>", "table or event type")))
    .option("--limit <rows>", "rows at the most", wholeNumber(1, 10_000), 5)
    .action(async (name: string, options: PreviewOptions) => {
      await using deps = await openForReading(context, options);
      const rows = await deps.warehouse.read.sampleRows(await tableOf(deps, name), options.limit);
      print(context, options, rows, () => render(context, rows));
      finish(command, 0);
    });
  return command;
}

async function tableOf(deps: ReadingDeps, name: string): Promise<string> {
  const catalog = await deps.warehouse.catalog();
  const found = catalog.tables.has(name) ? name : catalog.tableOf.get(name);
  if (found !== undefined) return found;
  const near = closest(name, [...catalog.tables.keys(), ...catalog.tableOf.keys()]);
  const hint = near === undefined ? "log-router status lists them." : `Did you mean ${near}?`;
  throw new RouterError("NOT_FOUND", `there is no table ${name}. ${hint}`);
}

function render(context: CliContext, rows: readonly Row[]): string {
  const [first] = rows;
  if (!first) return "The table has no rows.\n";
  const all = Object.keys(first);
  const filled = all.filter((name) => !name.startsWith("_lr_") && rows.some((row) => row[name] !== null));
  const shown = filled.slice(0, SHOWN_COLUMNS);
  const columns = [
    { title: "line", align: "right" as const },
    ...shown.map((name) => ({ title: printable(name), shrinkTo: 6 })),
  ];
  const cells = rows.map((row) => [cell(row["_lr_line"]), ...shown.map((name) => cell(row[name]))]);
  const hidden = all.length - shown.length - 1;
  return `${table(context, columns, cells)}${context.colours.dim(`${hidden} more columns; --json shows all`)}\n`;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}
