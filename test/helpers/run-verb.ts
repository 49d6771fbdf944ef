// The command in this process: everything but main.ts, without the half second that a process of its own takes.
import pc from "picocolors";
import { runProgram } from "../../cli/program.ts";
import type { CliContext, ExitCode } from "../../cli/context.ts";
import { auditSchema, type AuditReport } from "../../cli/reports/audit.ts";

export interface VerbRun {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** A call from `cwd` with no settings from the environment, and no signals. */
export function contextOf(
  cwd: string,
  output: { stdout: string; stderr: string } = { stdout: "", stderr: "" },
): CliContext {
  const never = new AbortController().signal;
  return {
    stdout: { write: (text) => (output.stdout += String(text)) },
    stderr: { write: (text) => (output.stderr += String(text)) },
    env: {},
    cwd,
    colours: pc.createColors(false),
    now: () => new Date(),
    signals: { listen: () => ({ graceful: never, forced: never, [Symbol.dispose]() {} }) },
  };
}

/** Runs `log-router ...args` from `cwd` with no settings from the environment. */
export async function runVerb(args: readonly string[], cwd: string): Promise<VerbRun> {
  const output = { stdout: "", stderr: "" };
  const code = await runProgram(contextOf(cwd, output), args);
  return { code, ...output };
}

/** As `runVerb`, with `--json`; throws with the output when that is no JSON document. */
export async function runReport(
  args: readonly string[],
  cwd: string,
): Promise<{ code: ExitCode; json: unknown }> {
  const { code, stdout, stderr } = await runVerb([...args, "--json"], cwd);
  try {
    return { code, json: JSON.parse(stdout) };
  } catch (cause) {
    throw new Error(`log-router ${args.join(" ")} --json printed no JSON\n${stdout}\n${stderr}`, { cause });
  }
}

/** The report of `audit --tables`. */
export async function runAudit(cwd: string, data = "data"): Promise<{ code: ExitCode; audit: AuditReport }> {
  const { code, json } = await runReport(["audit", "--tables", "--data", data], cwd);
  return { code, audit: auditSchema.parse(json) };
}
