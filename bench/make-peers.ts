// `make bench-peers`: a virtual environment with the Python packages that `make bench` compares with, exactly as
// bench/requirements-peers.txt names them. Made anew when that file has changed.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PEERS } from "./contestants/installed.ts";
import { ROOT } from "./harness/measure.ts";

const home = join(ROOT, PEERS);
const requirements = join(import.meta.dirname, "requirements-peers.txt");
const stampFile = join(home, "requirements.sha256");
const stamp = createHash("sha256").update(readFileSync(requirements)).digest("hex");

const run = (command: string, ...args: string[]): void =>
  void execFileSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });

if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(dirname(home), { recursive: true });
  run("python3", "-m", "venv", home);
  run(join(home, "bin", "pip"), "install", "--quiet", "--no-deps", "-r", requirements);
  writeFileSync(stampFile, stamp);
}
process.stdout.write(`${PEERS} is ready\n`);
