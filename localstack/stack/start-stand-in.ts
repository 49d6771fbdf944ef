// The Redshift Data API stand-in as a background process.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface StartedStandIn {
  readonly pid: number;
  readonly endpoint: string;
}

const START_MS = 120_000;
const PROGRAM = join(import.meta.dirname, "..", "redshift-data", "main.ts");

/** `logFile` holds its output. `port` 0: a free one. Throws with the end of the log when it does not come up. */
export async function startStandInProcess(
  s3Endpoint: string,
  port: number,
  logFile: string,
): Promise<StartedStandIn> {
  const log = openSync(logFile, "w");
  const args = [PROGRAM, "--port", String(port), "--s3-endpoint", s3Endpoint];
  const child = spawn(process.execPath, args, { stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  child.unref();
  const deadline = Date.now() + START_MS;
  for (;;) {
    const output = readFileSync(logFile, "utf8");
    const endpoint = /"endpoint":"([^"]+)"/.exec(output)?.[1];
    if (endpoint !== undefined) return { pid: child.pid!, endpoint };
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      if (child.exitCode === null) child.kill("SIGTERM");
      throw new Error(`the Redshift stand-in did not start:\n${output.slice(-2000)}`);
    }
    await sleep(50);
  }
}
