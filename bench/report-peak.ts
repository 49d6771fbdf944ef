// Loaded with `node --import` into the process that is measured: when it exits, writes its peak resident set to the file named by
// BENCH_PEAK_FILE. All threads of a process share the figure. The kernel's VmHWM is preferred: getrusage's counts what the parent
// had at the fork as well.
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

function peakBytes(): number {
  try {
    const line = /^VmHWM:\s+(?<kib>\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    return Number(line?.groups?.["kib"]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

const target = process.env["BENCH_PEAK_FILE"];
if (isMainThread && target !== undefined) {
  process.once("exit", () => writeFileSync(target, String(peakBytes())));
}
