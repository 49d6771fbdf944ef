// The `log-router` command: its verbs, and how it ends.
import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import type { CliContext, ExitCode } from "./context.ts";
import { reportError } from "./exit.ts";
import { exitCodeOf } from "./verb.ts";

type MakeVerb = (context: CliContext) => Command;

/**
 * Each verb's module is loaded when it is wanted: all of them together, with the SDK and DuckDB behind them, take 60 MiB of memory and most
 * of the time in which the command starts (measured: services/splitter/README.md).
 */
const VERBS: Readonly<Record<string, () => Promise<MakeVerb>>> = {
  run: async () => (await import("./verbs/run.ts")).runVerb,
  status: async () => (await import("./verbs/status.ts")).statusVerb,
  audit: async () => (await import("./verbs/audit.ts")).auditVerb,
  where: async () => (await import("./verbs/where.ts")).whereVerb,
  quarantine: async () => (await import("./verbs/quarantine.ts")).quarantineVerb,
  schema: async () => (await import("./verbs/schema.ts")).schemaVerb,
  preview: async () => (await import("./verbs/preview.ts")).previewVerb,
  config: async () => (await import("./verbs/config.ts")).configVerb,
  split: async () => (await import("./verbs/split.ts")).splitVerb,
  splitter: async () => (await import("./verbs/splitter.ts")).splitterVerb,
  loader: async () => (await import("./verbs/loader.ts")).loaderVerb,
  backfill: async () => (await import("./verbs/backfill.ts")).backfillVerb,
  salvage: async () => (await import("./verbs/salvage.ts")).salvageVerb,
  dead: async () => (await import("./verbs/dead.ts")).deadVerb,
  gc: async () => (await import("./verbs/gc.ts")).gcVerb,
};

/** Answered without loading all verbs. */
const VERSION_FLAGS = ["-V", "--version"];

/** The command with all verbs, or with one alone; nothing has been read or opened yet. */
export async function buildProgram(context: CliContext, only?: string): Promise<Command> {
  const program = new Command("log-router")
    .description("Mixed log files to typed tables: one table an event type, every line accounted for.")
    .version(packageJson.version, "-V, --version", "print the version")
    .addHelpText(
      "after",
      "\nStart with:\n  log-router run ./logs --once\n\nEvery verb has --help. Exit codes: 0 done, 1 failed, 2 bad usage or configuration.",
    );
  for (const [name, load] of Object.entries(VERBS))
    if (only === undefined || name === only) program.addCommand((await load())(context));
  for (const command of [program, ...descendants(program)]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .showHelpAfterError("(add --help for usage)")
      .configureOutput({
        writeOut: (text) => context.stdout.write(text),
        writeErr: (text) => context.stderr.write(text),
        getOutHelpWidth: () => context.stdout.columns ?? 100,
        getErrHelpWidth: () => context.stderr.columns ?? 100,
        getOutHasColors: () => context.colours.isColorSupported,
        getErrHasColors: () => context.colours.isColorSupported,
      });
  }
  return program;
}

/** Runs the command line (without node and script) and returns the exit code. Never throws. */
export async function runProgram(context: CliContext, args: readonly string[]): Promise<ExitCode> {
  const [first = ""] = args;
  if (args.length === 1 && VERSION_FLAGS.includes(first)) {
    context.stdout.write(`${packageJson.version}\n`);
    return 0;
  }
  // What is no verb (help, a slip of the pen) needs to know all of them.
  const program = await buildProgram(context, Object.hasOwn(VERBS, first) ? first : undefined);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCodeOf(program);
  } catch (error) {
    return reportError(context, error);
  }
}

export function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}
