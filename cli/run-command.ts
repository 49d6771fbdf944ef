// The one place of the command that touches `process`.
import pc from "picocolors";
import { endProcess } from "../shared/runtime/end-process.ts";
import { runProgram } from "./program.ts";
import { signalSource } from "./signals.ts";

/** Runs the command line in this process, and ends it with its exit code. */
export async function runCommand(args: readonly string[]): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that has seen enough (`| head`) is no error.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(process.exitCode ?? 0);
    });
  }
  process.exitCode = await runProgram(
    {
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
      cwd: process.cwd(),
      colours: pc.createColors(pc.isColorSupported && process.stdout.isTTY),
      now: () => new Date(),
      signals: signalSource(process),
    },
    args,
  );
  return endProcess();
}
