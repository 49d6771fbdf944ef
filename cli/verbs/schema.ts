// log-router schema
import type { Command } from "commander";
import { openForReading } from "../compose/open-for-reading.ts";
import type { CliContext } from "../context.ts";
import { count } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { schemaReport, schemaSchema, type SchemaReport } from "../reports/schema.ts";
import {
  defineVerb,
  finish,
  print,
  withReading,
  withJson,
  type ReadingOptions,
  type JsonOption,
} from "../verb.ts";

interface SchemaOptions extends ReadingOptions, JsonOption {
  readonly ddl?: boolean;
}

export function schemaVerb(context: CliContext): Command {
  const command = defineVerb(
    "schema",
    "which column each path went to, its type, since when, and what was rescued",
    {
      examples: [
        ["log-router schema", "every table"],
        ["log-router schema order_created --ddl", "the statement that creates the table as it is now"],
      ],
      json: schemaSchema,
    },
  );
  withJson(withReading(command.argument("[event]", "event type or table; default: all")))
    .option("--ddl", "print CREATE TABLE statements")
    .action(async (event: string | undefined, options: SchemaOptions) => {
      await using deps = await openForReading(context, options);
      const report = await schemaReport(deps, event, options.ddl === true);
      print(context, options, report, () =>
        options.ddl
          ? report.tables.map(({ ddl }) => `${ddl?.trimEnd().replace(/;$/, "")};\n`).join("\n")
          : render(context, report),
      );
      finish(command, 0);
    });
  return command;
}

function render(context: CliContext, { tables }: SchemaReport): string {
  if (tables.length === 0) return "No tables yet.\n";
  return tables.map((one) => oneTable(context, one)).join("\n");
}

function oneTable(context: CliContext, one: SchemaReport["tables"][number]): string {
  const { colours } = context;
  const kept = one.catch_all ? ", lines kept whole" : "";
  const head = `${colours.bold(printable(one.table))}: ${printable(one.event_types.join(", "))}${kept}\n`;
  const columns = [
    { title: "path", shrinkTo: 12 },
    { title: "column", shrinkTo: 12 },
    { title: "type" },
    { title: "since" },
  ];
  const rows = one.columns.map((column) => [
    printable(column.path.length === 0 ? "(the whole line)" : pathText(column.path)),
    printable(column.column),
    column.type,
    column.added_at.slice(0, 19).replace("T", " "),
  ]);
  const rescued = one.rescued.map(({ path, values }) =>
    colours.yellow(`${count(values)} values of ${printable(path)} are in _lr_rescued\n`),
  );
  return head + table(context, columns, rows) + rescued.join("");
}

/** As the configuration writes it: dots between keys, a JSON list when a key has a dot itself. */
function pathText(path: readonly string[]): string {
  return path.some((key) => key.includes(".") || key === "") ? JSON.stringify(path) : path.join(".");
}
