// A worker as a container starts it: a process of its own, services/<worker>/main.ts, everything from the environment.
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { WorkerName } from "./kill-point.ts";

const ROOT = join(import.meta.dirname, "../../..");
const OUTPUT_KEPT = 20_000;
const ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  // As bin/log-router has it: half of a start is compiling.
  NODE_COMPILE_CACHE: join(ROOT, "node_modules/.cache/compiled"),
};

export interface WorkerProcess {
  /** Resolves with the exit code or the signal that ended it. */
  readonly done: Promise<number | NodeJS.Signals | null>;
  readonly hasEnded: boolean;
  /** End of its log. */
  readonly log: string;
  kill(signal: NodeJS.Signals): void;
}

const running = new Set<ChildProcess>();
// Whatever ends this process, none of them lives on.
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startWorker(
  worker: WorkerName,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): WorkerProcess {
  const main = join(ROOT, "services", worker, "main.ts");
  const child = spawn(process.execPath, [main], {
    cwd,
    env: { ...ENVIRONMENT, PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  running.add(child);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log = `${log}${text}`.slice(-OUTPUT_KEPT)));
  let hasEnded = false;
  const done = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("error", (error) => (log = `${log}${String(error)}`));
    child.once("close", (code, signal) => {
      hasEnded = true;
      running.delete(child);
      resolve(code ?? signal);
    });
  });
  return {
    done,
    get hasEnded() {
      return hasEnded;
    },
    get log() {
      return log;
    },
    kill: (signal) => void child.kill(signal),
  };
}
