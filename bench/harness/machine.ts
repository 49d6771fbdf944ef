// What the figures were taken on.
import { execFileSync } from "node:child_process";
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { ROOT } from "./measure.ts";
import type { Machine } from "./result.ts";

/** What runs when the product is measured. */
const PRODUCT = ["bin", "cli", "services", "shared", "package-lock.json"];

export function machine(): Machine {
  return {
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    node: process.version,
    commit: git("rev-parse", "--short=10", "HEAD").trim() || "unknown",
    uncommitted: git("status", "--porcelain", "--", ...PRODUCT)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.slice(3)),
  };
}

/** Empty outside of a checkout. */
function git(...args: string[]): string {
  try {
    return execFileSync("git", ["-C", ROOT, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}
