// log-router preview
import type { Command } from "commander";
import { z } from "zod";
import { closest } from "../../shared/config/closest.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { openForReading, type ReadingDeps } from "../compose/open-for-reading.ts";
import type { CliContext } from "../context.ts";
import { displayWidth } from "../output/display-width.ts";
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

/** Columns shown at the most; --json has all. */
const SHOWN_COLUMNS = 12;
/** Cells are cut down to this many characters before a column is left out. */
const CELL_WIDTH = 12;

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
  const shown = fitting(context, all, rows);
  const columns = [
    { title: "line", align: "right" as const },
    ...shown.map((name) => ({ title: printable(name), shrinkTo: CELL_WIDTH })),
  ];
  const cells = rows.map((row) => [cell(row["_lr_line"]), ...shown.map((name) => cell(row[name]))]);
  const hidden = all.length - shown.length - 1;
  return `${table(context, columns, cells)}${context.colours.dim(`${hidden} more columns; --json shows all`)}\n`;
}

/** Columns with values, those that differ from row to row first, as many as the terminal has room for; in the order of the table. */
function fitting(context: CliContext, all: readonly string[], rows: readonly Row[]): string[] {
  const filled = all.filter((name) => !name.startsWith("_lr_") && rows.some((row) => row[name] !== null));
  const varies = (name: string): boolean => new Set(rows.map((row) => cell(row[name]))).size > 1;
  const ranked = [...filled.filter(varies), ...filled.filter((name) => !varies(name))];
  let room = (context.stdout.isTTY ? (context.stdout.columns ?? 80) : Number.MAX_SAFE_INTEGER) - 8;
  const chosen = new Set<string>();
  for (const name of ranked) {
    const widest = Math.max(...rows.map((row) => displayWidth(cell(row[name]))));
    room -= 2 + Math.max(displayWidth(name), Math.min(CELL_WIDTH, widest));
    if (room < 0 || chosen.size === SHOWN_COLUMNS) break;
    chosen.add(name);
  }
  return all.filter((name) => chosen.has(name));
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}
