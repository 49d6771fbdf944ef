// Prints how a run went.
import type { WorkersResult } from "../compose/run-workers.ts";
import type { CliContext } from "../context.ts";
import { print, type JsonOption } from "../verb.ts";
import { renderRun } from "./run-summary.ts";

/** On stdout, unless metrics have been written there: then on stderr, whose lines are JSON where no person looks. */
export function printRun(context: CliContext, options: JsonOption, result: WorkersResult): void {
  const { report, stdoutIsFree } = result;
  if (!stdoutIsFree && !context.stderr.isTTY && !options.json) return;
  const shown = stdoutIsFree ? context : { ...context, stdout: context.stderr };
  print(shown, options, report, () => renderRun(context, report));
}
