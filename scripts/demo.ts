// `make demo`: a sample of a web shop's mixed logs, routed into typed tables, and a look at what came of it. Each command is shown before it
// runs, so that it can be typed again.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const demo = join(root, "demo");
const data = ["--data", "demo/data"];
const config = ["--config", "examples/router.yaml"];

rmSync(demo, { recursive: true, force: true });
show("node", ["scripts/make-sample.ts", "--out", "demo/logs", "--mb", "4"]);
show("bin/log-router", ["run", "demo/logs", "--once", ...config, ...data]);
show("bin/log-router", ["preview", "order_created", "--limit", "3", ...config, ...data]);
show("bin/log-router", ["preview", "payments", "--limit", "3", ...config, ...data]);
show("bin/log-router", ["quarantine", "list", ...config, ...data]);
show("bin/log-router", ["audit", "--tables", ...config, ...data]);
process.stdout.write(
  "\nThe tables are in demo/data/warehouse.duckdb (schema events). Your own logs: bin/log-router run PATH --once\n",
);

function show(command: string, args: readonly string[]): void {
  process.stdout.write(`\n$ ${[command, ...args].join(" ")}\n`);
  const program = command === "node" ? process.execPath : join(root, command);
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
