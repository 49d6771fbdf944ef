// Finds out what is installed, and in which version.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../harness/measure.ts";

type Found = { readonly version: string } | { readonly absent: string };

/** Where `make bench-peers` puts its virtual environment, from the repository's root. */
export const PEERS = ".cache/bench-peers";

/** A command on PATH, by what it answers to `args`. */
export function onPath(command: string, ...args: string[]): Found {
  try {
    const text = execFileSync(command, args, {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    return {
      version: text
        .trim()
        .split("\n")[0]!
        .replace(/^\*+ | \*+$/g, ""),
    };
  } catch {
    return { absent: "not installed" };
  }
}

/** A Python package of the peers' virtual environment. */
export function peerPackage(name: string): Found {
  const python = join(ROOT, PEERS, "bin", "python");
  if (!existsSync(python)) return { absent: "not installed (make bench-peers)" };
  const found = onPath(
    python,
    "-c",
    `import importlib.metadata as m, platform; print("${name}", m.version("${name}") + ", Python", platform.python_version())`,
  );
  return "version" in found ? found : { absent: "not installed (make bench-peers)" };
}
