// Runs a command and says what it cost, as the kernel counted it (rusage.py).
import { execFileSync, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { inScratch } from "./scratch.ts";

/** What one run cost, all its processes together; `peak_bytes` is the resident set of the largest of them. */
export const costSchema = z.object({
  wall_seconds: z.number().nonnegative(),
  user_seconds: z.number().nonnegative(),
  system_seconds: z.number().nonnegative(),
  peak_bytes: z.number().positive(),
});

export type Cost = z.infer<typeof costSchema>;

export const ROOT = dirname(dirname(import.meta.dirname));
/** Nothing that is measured takes nearly as long. */
const TIME_OUT_MS = 5 * 60_000;
const RUSAGE = join(import.meta.dirname, "rusage.py");

/** Variables that would change what is measured, or slow it down. */
const LEFT_OUT = ["NODE_OPTIONS", "NODE_V8_COVERAGE", "PYTHONPATH", "UV_THREADPOOL_SIZE"];

let python: string | undefined;

/** The interpreter itself: what is first on PATH may be a script that looks for it. */
function interpreter(): string {
  python ??= execFileSync("python3", ["-c", "import sys; print(sys.executable)"], {
    encoding: "utf8",
  }).trim();
  return python;
}

/** The same for everybody: a UTF-8 locale, the pinned Node first on PATH, and nothing that tests or profilers have set. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const path = `${join(ROOT, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`;
  const environment: NodeJS.ProcessEnv = { ...process.env, LC_ALL: "C.UTF-8", PATH: path };
  for (const name of LEFT_OUT) delete environment[name];
  return environment;
}

/** The command itself has failed, whatever it may have written. */
export class CommandFailed extends Error {
  /** What it said last. */
  readonly lastWords: string;

  constructor(message: string, output: string) {
    super(message);
    this.name = "CommandFailed";
    this.lastWords = output.trim().split("\n").at(-1)?.slice(0, 400) ?? "";
  }
}

/** Runs shell text in the repository's root, with these variables, and throws, with the end of its output, when it fails. */
export async function measure(script: string, variables: Readonly<Record<string, string>>): Promise<Cost> {
  return await inScratch(async (folder) => {
    const report = join(folder, "cost.json");
    const environment = { ...plainEnvironment(), ...variables };
    const { code, output } = await run(interpreter(), [RUSAGE, report, "sh", "-c", script], environment);
    if (code !== 0) throw new CommandFailed(`failed (${code}): ${script}\n${output}`, output);
    return costSchema.parse(JSON.parse(await readFile(report, "utf8")));
  });
}

async function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  // A process group of its own, so that one that hangs is ended with everything it has started.
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env, cwd: ROOT, detached: true });
  const kill = (): void => void (child.pid && process.kill(-child.pid, "SIGKILL"));
  const timer = setTimeout(kill, TIME_OUT_MS);
  // Before the scratch folders go, which nobody should write to any more then.
  const killAndWait = (): void => {
    kill();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  };
  process.prependOnceListener("exit", killAndWait);
  let output = "";
  const keep = (text: string): void => void (output = (output + text).slice(-4000));
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => {
    clearTimeout(timer);
    process.off("exit", killAndWait);
  });
  return { code, output };
}
