// The command as a user has it: a process of its own, started from the repository, with no settings from the environment.
import { spawn, type ChildProcess } from "node:child_process";
import { dirname, join } from "node:path";

const ROOT = dirname(dirname(import.meta.dirname));
const MAIN = join(ROOT, "cli", "main.ts");

export interface ProductRun {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProduct extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Ends with the process, never rejects for its exit code. */
  readonly done: Promise<ProductRun>;
}

/** Starts `log-router ...args`. Disposing kills it when it still runs. */
export function startProduct(args: readonly string[], cwd = ROOT): RunningProduct {
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    TMPDIR: process.env["TMPDIR"],
    NO_COLOR: "1",
  };
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const done = new Promise<ProductRun>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    done,
    async [Symbol.asyncDispose](): Promise<void> {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await done;
    },
  };
}

/** Runs `log-router ...args` to its end. */
export async function runProduct(args: readonly string[], cwd = ROOT): Promise<ProductRun> {
  await using product = startProduct(args, cwd);
  return await product.done;
}

/** Runs to its end and throws, with its output, unless the exit code is 0. */
export async function mustRun(args: readonly string[], cwd = ROOT): Promise<ProductRun> {
  const run = await runProduct(args, cwd);
  if (run.code !== 0) {
    const output = `${run.stdout}\n${run.stderr}`.slice(-6000);
    throw new Error(`log-router ${args.join(" ")}: exit code ${run.code ?? run.signal}\n${output}`);
  }
  return run;
}

/** The report of a reading verb; any exit code, but the output must be one JSON document. */
export async function report(
  args: readonly string[],
  cwd = ROOT,
): Promise<{ code: number | null; json: unknown }> {
  const run = await runProduct([...args, "--json"], cwd);
  try {
    return { code: run.code, json: JSON.parse(run.stdout) as unknown };
  } catch (error) {
    throw new Error(`log-router ${args.join(" ")} --json printed no JSON\n${run.stdout}\n${run.stderr}`, {
      cause: error,
    });
  }
}
