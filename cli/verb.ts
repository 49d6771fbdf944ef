// How a verb is defined: a commander command, its notes (examples, the fields of --json) and an action that returns the exit code.
import { Command, Option } from "commander";
import type { z } from "zod";
import type { CliContext, ExitCode } from "./context.ts";
import { wholeNumber } from "./output/whole-number.ts";

export interface VerbNotes {
  /** Command line → what it does. */
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** What --json prints. */
  readonly json?: z.ZodType | (() => Promise<z.ZodType>);
  /** When the exit code is 1. */
  readonly failsWhen?: string;
}

const notesByCommand = new WeakMap<Command, VerbNotes>();

/** A new verb with its notes in its help text. */
export function defineVerb(name: string, summary: string, notes: VerbNotes): Command {
  const command = new Command(name).description(summary).allowExcessArguments(false);
  notesByCommand.set(command, notes);
  const examples = notes.examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`).join("\n");
  const exit = notes.failsWhen === undefined ? "" : `\nExit code 1: ${notes.failsWhen}.`;
  return command.addHelpText("after", `\nExamples:\n${examples}${exit}`);
}

export function notesOf(command: Command): VerbNotes | undefined {
  return notesByCommand.get(command);
}

/** Where the data folder and the warehouse are. */
export interface DataOptions {
  readonly data: string;
  readonly warehouse?: string;
}

export function withData(command: Command): Command {
  return command
    .addOption(
      new Option("--data <dir>", "folder with routed parts, queues, and the warehouse unless named")
        .default(".log-router")
        .env("LOG_ROUTER_DATA"),
    )
    .addOption(
      new Option(
        "--warehouse <url>",
        "duckdb:FILE (default: duckdb:<data>/warehouse.duckdb), redshift:WORKGROUP/DATABASE, or redshift-cluster:CLUSTER/DATABASE (setting: warehouse)",
      ),
    );
}

/** The queue that a worker receives from, as an option instead of a setting. */
export interface QueueOption {
  readonly queue?: string;
}

/** `--queue URL` for one setting of the section `aws`. */
export function withQueue(
  command: Command,
  setting: "split_queue" | "load_queue" | "backfill_queue",
): Command {
  return command.addOption(
    new Option(
      "--queue <url>",
      `SQS queue to ${setting === "backfill_queue" ? "send to" : "receive from"} (setting: aws.${setting})`,
    ),
  );
}

/** Where the configuration comes from. */
export interface ConfigOptions {
  readonly config?: string;
  readonly set: readonly string[];
  /** Of verbs that split. */
  readonly threads?: number;
}

/** More than machines have: a slip of the pen is told. */
const MAX_THREADS = 256;

/** `--threads N` for the setting `splitter.threads`. */
export function withThreads(command: Command): Command {
  return command.addOption(
    new Option(
      "--threads <n>",
      "threads that split, the main one included (setting: splitter.threads; default: as many as there are cores)",
    ).argParser(wholeNumber(1, MAX_THREADS)),
  );
}

export function withConfig(command: Command): Command {
  return command
    .addOption(new Option("--config <file>", "YAML file (docs/configuration.md)").env("LOG_ROUTER_CONFIG"))
    .addOption(
      new Option("--set <path=value>", "one setting, over the file and the environment; may be repeated")
        .argParser((value: string, previous: readonly string[]) => [...previous, value])
        .default([], "none"),
    );
}

export function withHealth(command: Command): Command {
  return command.addOption(
    new Option("--health-port <port>", "answer /livez and /readyz over HTTP")
      .argParser(wholeNumber(0, 65_535))
      .env("LOG_ROUTER_HEALTH_PORT"),
  );
}

/** What every reading verb takes. */
export type ReadingOptions = DataOptions & ConfigOptions;

export function withReading(command: Command): Command {
  return withConfig(withData(command));
}

export interface JsonOption {
  readonly json?: boolean;
}

export function withJson(command: Command): Command {
  return command.option("--json", "print one JSON document with stable field names");
}

const exitCodes = new WeakMap<Command, ExitCode>();

/** Keeps what a verb's action came to. */
export function finish(command: Command, code: ExitCode): void {
  exitCodes.set(rootOf(command), code);
}

/** What the verb that ran under this program returned; 0 when it printed help. */
export function exitCodeOf(program: Command): ExitCode {
  return exitCodes.get(program) ?? 0;
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command;
}

/** Prints a report as JSON when asked for, else by `render`. */
export function print(context: CliContext, options: JsonOption, report: unknown, render: () => string): void {
  context.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : render());
}
