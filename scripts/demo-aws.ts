// `make demo-aws`: the same sample through the local stack, as on AWS: files put into a bucket, S3 notifications over SQS, a splitter and a
// loader as two processes, Redshift's Data API on the stand-in. Starts the stack if it does not run, and stops it then at the end.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createReadStream, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { environment } from "../localstack/stack/environment.ts";
import { down, status, up, type StackState } from "../localstack/stack/stack.ts";
import { createS3Client } from "../shared/adapters/aws/clients.ts";
import { createS3ObjectStore } from "../shared/adapters/aws/s3-object-store.ts";
import { systemClock } from "../shared/runtime/clock.ts";

const ROOT = join(import.meta.dirname, "..");
const STACK = join(ROOT, ".log-router-stack");
const LOGS = join(ROOT, "demo", "aws-logs");
const CONFIG = ["--config", "examples/router.yaml"];
/** A freshness for people who watch; the default batch age suits a warehouse. */
const SETTINGS = { LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "1" };
const PATIENCE_MS = 120_000;

const before = await status(STACK);
const state = before.health === "running" && before.state ? before.state : await start().catch(give);
const env = { ...process.env, ...environment(state), ...SETTINGS };
Object.assign(process.env, environment(state));
const workers = ["splitter", "loader"].map((service) => startWorker(service));
try {
  await untilLoaded(await putSample(state));
  show("status");
  show("preview", "order_created", "--limit", "3");
  show("audit");
} catch (error) {
  fail(error);
} finally {
  await Promise.all(workers.map(stopWorker));
  if (before.health !== "running") await down(STACK);
}

async function start(): Promise<StackState> {
  say("starting the local stack (the first time it is installed, which takes half a minute)");
  return up(STACK, { emulator: "ministack", port: 0 });
}

function startWorker(service: string): ChildProcess {
  say(`node services/${service}/main.ts`);
  const child = spawn(process.execPath, [`services/${service}/main.ts`, ...CONFIG], {
    cwd: ROOT,
    env,
    stdio: "ignore",
  });
  child.once("exit", (code) => {
    if (code !== 0 && code !== null)
      say(`the ${service} ended with exit code ${code}: run make run-${service} to see why`);
  });
  return child;
}

async function stopWorker(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** Names of the objects. */
async function putSample({ emulator, region, resources }: StackState): Promise<readonly string[]> {
  rmSync(LOGS, { recursive: true, force: true });
  run(process.execPath, ["scripts/make-sample.ts", "--out", LOGS, "--mb", "4"]);
  const client = createS3Client({ endpoint: emulator.endpoint, region, pathStyle: true });
  const store = createS3ObjectStore(client, { clock: systemClock });
  const names: string[] = [];
  for (const name of readdirSync(LOGS)) {
    const key = `raw/${new Date().toISOString().slice(0, 10)}/${name}`;
    names.push(`s3://${resources.sourceBucket}/${key}`);
    say(`put ${names.at(-1)}`);
    await store.put({ bucket: resources.sourceBucket, key }, createReadStream(join(LOGS, name)));
  }
  client.destroy();
  return names;
}

/** Nothing announces the end: the ledger is asked until every source is settled. The stack may have others of its own. */
async function untilLoaded(names: readonly string[]): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (const name of names) {
    for (;;) {
      const answer = spawnSync(process.execPath, ["cli/main.ts", "where", name, "--json", ...CONFIG], {
        cwd: ROOT,
        env,
      });
      if (isLoaded(answer.stdout.toString())) break;
      if (Date.now() > end) throw new Error(`${name} is not loaded: ${answer.stderr.toString()}`);
      await sleep(500);
    }
  }
}

function isLoaded(json: string): boolean {
  if (json === "") return false; // the tables have not been made yet
  const reports: readonly { readonly state: string }[] = JSON.parse(json);
  return reports.some(({ state }) => state === "loaded");
}

function show(...args: readonly string[]): void {
  say(`log-router ${args.join(" ")}`);
  run(process.execPath, ["cli/main.ts", ...args, ...CONFIG]);
}

function run(command: string, args: readonly string[]): void {
  const { status: code } = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...SETTINGS },
    stdio: "inherit",
  });
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function give(error: unknown): never {
  fail(error);
  process.exit();
}

function say(text: string): void {
  process.stdout.write(`\n$ ${text}\n`);
}
