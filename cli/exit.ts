// How the command ends: what people read when something is wrong, and the exit code.
import { CommanderError } from "commander";
import { isRouterError } from "../shared/errors/router-error.ts";
import type { CliContext, ExitCode } from "./context.ts";

/** Codes that mean that the command was called wrongly; the same call can never succeed. */
const BAD_USAGE = new Set(["USAGE", "CONFIG_INVALID"]);

/**
 * Writes one message to stderr, without a stack for what the project throws on purpose; the stack of anything else is what a bug
 * report needs. commander has written its own messages before it throws.
 */
export function reportError(context: CliContext, error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const { colours, stderr } = context;
  if (!isRouterError(error)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stderr.write(`${colours.red("log-router: unexpected error, please report it")}\n${stack}\n`);
    return 1;
  }
  const code = BAD_USAGE.has(error.code) ? "" : colours.dim(` [${error.code}]`);
  stderr.write(`${colours.red("log-router:")} ${error.message}${code}\n`);
  return BAD_USAGE.has(error.code) ? 2 : 1;
}
