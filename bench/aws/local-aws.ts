// A stack of one benchmark: emulator, Redshift stand-in, and workers as processes of their own, as on AWS.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { EMULATORS, type EmulatorName } from "../../localstack/emulator.ts";
import { environment } from "../../localstack/stack/environment.ts";
import { down, up, type StackState } from "../../localstack/stack/stack.ts";
import {
  createRedshiftDataClient,
  createS3Client,
  createSqsClient,
} from "../../shared/adapters/aws/clients.ts";
import { createS3ObjectStore } from "../../shared/adapters/aws/s3-object-store.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { createDataApi, type DataApi } from "../../shared/warehouse/redshift/data-api.ts";
import { ROOT } from "../harness/measure.ts";
import { startDelayProxy, type DelayProxy } from "./delay-proxy.ts";
import type { Owner } from "./process-cpu.ts";

export interface LocalAws extends AsyncDisposable {
  readonly state: StackState;
  readonly store: ObjectStore;
  readonly api: DataApi;
  /** Emulator, stand-in and its PostgreSQL, this process. */
  readonly owners: readonly Owner[];
  /** Messages in a queue, in flight ones included. */
  depth(queueUrl: string): Promise<number>;
  /** A worker with settings over the stack's own; the environment of this process says nothing to it. */
  start(service: "splitter" | "loader", settings?: Readonly<Record<string, string>>): Worker;
}

export interface Worker {
  readonly owner: Owner;
  /** Throws, with the end of its log, when it has ended. */
  check(): void;
  stop(): Promise<void>;
}

/** EMULATOR=ministack|localstack. */
export function emulatorFromEnv(env: Readonly<Record<string, string | undefined>>): EmulatorName {
  const wanted = env["EMULATOR"] || "ministack";
  const found = EMULATORS.find((name) => name === wanted);
  if (found === undefined) throw new Error(`EMULATOR=${wanted}: it is one of ${EMULATORS.join(", ")}`);
  return found;
}

/** A stack for the length of `work`, with a temporary folder for its samples; both are removed afterwards. */
export async function onLocalAws<T>(
  emulator: EmulatorName,
  work: (aws: LocalAws, folder: string) => Promise<T>,
  delayMs: number = 0,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "log-router-aws-bench-"));
  try {
    await using aws = await startLocalAws(emulator, folder, delayMs);
    return await work(aws, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** `folder`: for state and logs; the caller's to remove. `delayMs`: how much later what workers send arrives, and what is answered. */
export async function startLocalAws(
  emulator: EmulatorName,
  folder: string,
  delayMs: number = 0,
): Promise<LocalAws> {
  const stack = join(folder, "stack");
  const state = await up(stack, { emulator, port: 0 });
  const { endpoint } = state.emulator;
  const options = { region: state.region, endpoint, pathStyle: true };
  const [s3, sqs] = [createS3Client(options), createSqsClient(options)];
  const redshift = createRedshiftDataClient({ ...options, endpoint: state.standIn.endpoint });
  const workers: Worker[] = [];
  const proxies: DelayProxy[] = [];
  const endpoints: Record<string, string> = { ...environment(state) };
  for (const [name, value] of Object.entries(endpoints)) {
    if (delayMs === 0 || !name.startsWith("AWS_ENDPOINT_URL")) continue;
    const proxy = await startDelayProxy(value, delayMs);
    proxies.push(proxy);
    endpoints[name] = proxy.endpoint;
  }
  let started = 0;
  const dispose = async (): Promise<void> => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    await Promise.all(workers.map((worker) => worker.stop()));
    for (const client of [s3, sqs, redshift]) client.destroy();
    await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    await down(stack);
  };
  // The stack outlives this process otherwise.
  const onSignal = (): void => void dispose().finally(() => process.exit(130));
  for (const signal of SIGNALS) process.once(signal, onSignal);
  return {
    state,
    store: createS3ObjectStore(s3, { clock: systemClock }),
    api: createDataApi(redshift, {
      target: { workgroup: "local", database: "dev" },
      limiter: (_, call) => call(),
      clock: systemClock,
    }),
    owners: [
      { name: emulator, pid: state.emulator.process!.pid },
      {
        name: "Redshift stand-in",
        pid: state.standIn.process.pid,
        apart: { command: "postgres", name: "PostgreSQL of the stand-in" },
      },
    ],
    depth: (url) => depth(sqs, url),
    start(service, settings = {}) {
      const log = join(folder, `${service}-${++started}.log`);
      const worker = startWorker(service, { ...endpoints, ...settings }, log, folder);
      workers.push(worker);
      return worker;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

function startWorker(
  service: string,
  settings: Readonly<Record<string, string>>,
  logFile: string,
  cwd: string,
): Worker {
  const log = openSync(logFile, "w");
  const { PATH, HOME, TMPDIR } = process.env;
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, "services", service, "main.ts")], {
    cwd,
    env: { PATH, HOME, TMPDIR, ...settings },
    stdio: ["ignore", "ignore", log],
  });
  closeSync(log);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    owner: { name: service, pid: child.pid! },
    check() {
      if (hasEnded())
        throw new Error(`the ${service} has ended:\n${readFileSync(logFile, "utf8").slice(-2000)}`);
    },
    async stop() {
      if (hasEnded()) return;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    },
  };
}

async function depth(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    }),
  );
  return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0);
}

const PATIENCE_MS = 900_000;

/** Polls until it is true; looks first at whether the worker lives. */
export async function until(
  what: string,
  worker: Pick<Worker, "check">,
  isTrue: () => Promise<boolean>,
  everyMs = 100,
): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isTrue())) {
    worker.check();
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`);
    await sleep(everyMs);
  }
}

/** Sources that the ledger has as loaded; 0 while no loader has made it. */
export async function loadedSources({ api }: LocalAws): Promise<number> {
  const outcome = await api.statement("SELECT COUNT(*) FROM log_router.sources WHERE state = 'loaded'", {
    name: "bench",
  });
  return outcome.kind === "finished" ? Number((await outcome.rows(0))[0]?.[0]) : 0;
}
