// The `log-router` command: its verbs, and how it ends.
import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import type { CliContext, ExitCode } from "./context.ts";
import { reportError } from "./exit.ts";
import { exitCodeOf } from "./verb.ts";
import { auditVerb } from "./verbs/audit.ts";
import { backfillVerb } from "./verbs/backfill.ts";
import { configVerb } from "./verbs/config.ts";
import { deadVerb } from "./verbs/dead.ts";
import { gcVerb } from "./verbs/gc.ts";
import { loaderVerb } from "./verbs/loader.ts";
import { previewVerb } from "./verbs/preview.ts";
import { quarantineVerb } from "./verbs/quarantine.ts";
import { runVerb } from "./verbs/run.ts";
import { salvageVerb } from "./verbs/salvage.ts";
import { schemaVerb } from "./verbs/schema.ts";
import { splitVerb } from "./verbs/split.ts";
import { splitterVerb } from "./verbs/splitter.ts";
import { statusVerb } from "./verbs/status.ts";
import { whereVerb } from "./verbs/where.ts";

const VERBS = [
  runVerb,
  statusVerb,
  auditVerb,
  whereVerb,
  quarantineVerb,
  schemaVerb,
  previewVerb,
  configVerb,
  splitVerb,
  splitterVerb,
  loaderVerb,
  backfillVerb,
  salvageVerb,
  deadVerb,
  gcVerb,
];

/** The whole command with all verbs; nothing has been read or opened yet. */
export function buildProgram(context: CliContext): Command {
  const program = new Command("log-router")
    .description("Mixed log files to typed tables: one table an event type, every line accounted for.")
    .version(packageJson.version, "-V, --version", "print the version")
    .addHelpText(
      "after",
      "\nStart with:\n  log-router run ./logs --once\n\nEvery verb has --help. Exit codes: 0 done, 1 failed, 2 bad usage or configuration.",
    );
  for (const verb of VERBS) program.addCommand(verb(context));
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
  const program = buildProgram(context);
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
