// log-router quarantine list | show
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { QUARANTINE_REASONS, type QuarantineReason } from "../../shared/contracts/words.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { openForReading, type ReadingDeps } from "../compose/open-for-reading.ts";
import { realPath } from "../compose/source-paths.ts";
import type { CliContext } from "../context.ts";
import { count, plural } from "../output/numbers.ts";
import { printable, printableBytes } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { wholeNumber } from "../output/whole-number.ts";
import { findSource } from "../reports/find-source.ts";
import {
  quarantinedLines,
  quarantineLine,
  quarantineLineSchema,
  quarantineList,
  quarantineListSchema,
  type QuarantineLine,
  type QuarantineList,
} from "../reports/quarantine.ts";
import {
  defineVerb,
  finish,
  print,
  withJson,
  withReading,
  type JsonOption,
  type ReadingOptions,
} from "../verb.ts";

/** Bytes of a line shown on a terminal. */
const SHOWN_BYTES = 2_000;

interface ListOptions extends ReadingOptions, JsonOption {
  readonly reason?: QuarantineReason;
  readonly limit: number;
}

interface ShowOptions extends ListOptions {
  readonly line?: number;
  readonly raw?: boolean;
}

export function quarantineVerb(context: CliContext): Command {
  const command = new Command("quarantine").description(
    "lines that were kept out of the tables, byte for byte",
  );
  return command.addCommand(listVerb(context)).addCommand(showVerb(context));
}

function listVerb(context: CliContext): Command {
  const command = defineVerb("list", "sources with quarantined lines, and the reasons", {
    examples: [["log-router quarantine list --reason invalid_json", "only lines that are no JSON"]],
    json: quarantineListSchema,
  });
  withReason(withJson(withReading(command)))
    .option("--limit <sources>", "sources listed at the most", wholeNumber(1, 1_000_000), 100)
    .action(async (options: ListOptions) => {
      await using deps = await openForReading(context, options);
      const { reason, limit } = options;
      const list = await quarantineList(deps, { limit, ...(reason ? { reason } : {}) });
      print(context, options, list, () => renderList(context, list));
      finish(command, 0);
    });
  return command;
}

function showVerb(context: CliContext): Command {
  const command = defineVerb("show", "the quarantined lines of one source: reason, line number, bytes", {
    examples: [
      ["log-router quarantine show ./logs/app-1.gz", "every quarantined line of the file"],
      ["log-router quarantine show 3f9a1c --line 17 --raw > line.bin", "the bytes of one line, unchanged"],
    ],
    json: quarantineLineSchema.array(),
  });
  withReason(withJson(withReading(command.argument("<key-or-id>", "path, key, or source id"))))
    .option("--line <number>", "only this line", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--limit <lines>", "lines shown at the most", wholeNumber(1, 1_000_000), 100)
    .option("--raw", "write the bytes as they are in the source, a newline after each line")
    .action(async (text: string, options: ShowOptions) => {
      await using deps = await openForReading(context, options);
      if (options.raw) await writeRaw(context, deps, text, options);
      else await showLines(context, deps, text, options);
      finish(command, 0);
    });
  return command;
}

function withReason(command: Command): Command {
  return command.addOption(
    new Option("--reason <reason>", "only lines with this reason").choices([...QUARANTINE_REASONS]),
  );
}

async function* chosenLines(context: CliContext, deps: ReadingDeps, text: string, options: ShowOptions) {
  const path = resolve(context.cwd, text);
  const { ids } = await findSource(deps, text, [realPath(path), path]);
  const { reason, line, raw } = options;
  let left = options.limit;
  const filter = { ...(reason ? { reason } : {}), ...(line ? { line } : {}), wholeLines: raw === true };
  for await (const one of quarantinedLines(deps, ids, filter)) {
    if (left-- <= 0) return;
    yield one;
  }
}

async function writeRaw(
  context: CliContext,
  deps: ReadingDeps,
  text: string,
  options: ShowOptions,
): Promise<void> {
  for await (const { raw, bytes, line } of chosenLines(context, deps, text, options)) {
    if (raw.length < bytes) {
      throw new RouterError("NOT_FOUND", `line ${line} has ${bytes} bytes, more than this command can hold`);
    }
    context.stdout.write(raw);
    context.stdout.write("\n");
  }
}

async function showLines(
  context: CliContext,
  deps: ReadingDeps,
  text: string,
  options: ShowOptions,
): Promise<void> {
  const lines: QuarantineLine[] = [];
  for await (const line of chosenLines(context, deps, text, options)) lines.push(quarantineLine(line));
  print(context, options, lines, () => {
    if (lines.length === 0) return "No quarantined lines.\n";
    return lines.map((line) => renderLine(context, line)).join("");
  });
}

function renderLine({ colours }: CliContext, line: QuarantineLine): string {
  const raw = Buffer.from(line.raw_base64, "base64");
  const cut = raw.subarray(0, SHOWN_BYTES);
  const rest = line.bytes > cut.length ? colours.dim(` … ${count(line.bytes - cut.length)} more bytes`) : "";
  const where = `${printable(line.key)} line ${count(line.line)}, byte ${count(line.offset)}`;
  return `${colours.bold(line.reason)} ${where}: ${printable(line.detail)}\n  ${printableBytes(cut)}${rest}\n`;
}

function renderList(context: CliContext, list: QuarantineList): string {
  if (list.lines === 0) return "No quarantined lines.\n";
  const columns = [
    { title: "id" },
    { title: "source", shrinkTo: 16 },
    { title: "lines", align: "right" as const },
    { title: "reasons", shrinkTo: 16 },
  ];
  const rows = list.sources.map((source) => [
    source.source_id.slice(0, 12),
    printable(source.key),
    count(source.lines),
    reasonText(source.reasons),
  ]);
  return `${table(context, columns, rows)}${plural(list.lines, "line")} in quarantine: ${reasonText(list.reasons)}\n`;
}

function reasonText(reasons: QuarantineList["reasons"]): string {
  return Object.entries(reasons)
    .map(([reason, lines]) => `${reason} ${count(lines)}`)
    .join(", ");
}
