// Runs a command and says what it cost: wall clock, and the processor time of all its processes, from the shell's own `times`.
import { spawn } from "node:child_process";

export interface Cost {
  readonly wallSeconds: number;
  /** User and system time of the command and everything it started, also in pipes. */
  readonly cpuSeconds: number;
}

const MINUTES = /^(?<minutes>\d+)m(?<seconds>[\d.]+)s$/;

function seconds(word: string): number {
  const groups = MINUTES.exec(word.replace(",", "."))?.groups;
  if (!groups) throw new Error(`cannot read the shell's times: ${word}`);
  return Number(groups["minutes"]) * 60 + Number(groups["seconds"]);
}

/** The second line of `times` holds user and system time of the shell's children (POSIX). */
export function childSeconds(times: string): number {
  const line = times.trim().split("\n")[1] ?? "";
  const [user = "", system = ""] = line.trim().split(/\s+/);
  return seconds(user) + seconds(system);
}

/** Runs shell text (arguments as "$1", "$2" …) and throws, with its output, when it fails. */
export async function measure(script: string, args: readonly string[]): Promise<Cost> {
  const started = process.hrtime.bigint();
  const child = spawn("sh", ["-c", `{ ${script}\n} >&2 || exit 1; times`, "bench", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let times = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (times += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-4000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const wallSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (code !== 0) throw new Error(`failed: ${script} ${args.join(" ")}\n${output}`);
  return { wallSeconds, cpuSeconds: childSeconds(times) };
}

/** The middle value, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) throw new Error("median of nothing");
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
