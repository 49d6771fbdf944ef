// Starts an S3 and SQS emulator from its Python package, without Docker: LocalStack 4.13.1 or MiniStack 1.5.33, both with frozen
// requirements, in a virtual environment under .cache/. Two of them, because each hides what the other shows.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const HERE = import.meta.dirname;
const CACHE = join(HERE, "..", ".cache");

export const EMULATORS = ["ministack", "localstack"] as const;
export type EmulatorName = (typeof EMULATORS)[number];

export interface Emulator extends AsyncDisposable {
  readonly name: EmulatorName;
  readonly pid: number;
  /** `http://127.0.0.1:<port>`, for AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_SQS. */
  readonly endpoint: string;
  readonly region: string;
  /** Combined output, kept until `stop`. */
  readonly logFile: string;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Where it keeps its files and its log. Default: a temporary folder, removed by `stop`. */
  readonly folder?: string;
  /** Lives on when this process ends, as the leader of a process group. Default false. */
  readonly detached?: boolean;
  /** How long it may take to answer. Default 90 s: a first start imports much. */
  readonly timeoutMs?: number;
}

const REGION = "eu-west-1";

/** Everything a start needs that differs between the two. */
const RECIPES: Record<
  EmulatorName,
  {
    readonly command: (bin: string) => readonly [string, ...string[]];
    readonly env: (port: number, folder: string) => Record<string, string>;
    readonly health: string;
  }
> = {
  ministack: {
    command: (bin) => [join(bin, "ministack")],
    // It binds 0.0.0.0 unless told otherwise.
    env: (port) => ({
      BIND_HOST: "127.0.0.1",
      MINISTACK_HOST: "127.0.0.1",
      GATEWAY_PORT: String(port),
      SERVICES: "s3,sqs,sts",
      MINISTACK_REGION: REGION,
    }),
    health: "/_ministack/health",
  },
  localstack: {
    command: (bin) => [join(bin, "python"), "-m", "localstack.runtime.main"],
    // hypercorn, because the default server binds 0.0.0.0; OVERRIDE_IN_DOCKER, because in a container it ignores FILESYSTEM_ROOT.
    env: (port, folder) => ({
      OVERRIDE_IN_DOCKER: "0",
      SKIP_SSL_CERT_DOWNLOAD: "1",
      DISABLE_EVENTS: "1",
      DNS_ADDRESS: "0",
      GATEWAY_SERVER: "hypercorn",
      GATEWAY_LISTEN: `127.0.0.1:${port}`,
      LOCALSTACK_HOST: `127.0.0.1:${port}`,
      SQS_ENDPOINT_STRATEGY: "path",
      EAGER_SERVICE_LOADING: "1",
      SERVICES: "s3,sqs",
      FILESYSTEM_ROOT: folder,
    }),
    health: "/_localstack/health",
  },
};

/** Makes the virtual environment when it is missing or its requirements have changed; returns its bin folder. */
export async function installEmulator(name: EmulatorName): Promise<string> {
  const requirements = join(HERE, `requirements-${name}.txt`);
  const stamp = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const home = join(CACHE, name);
  const bin = join(home, "bin");
  const stampFile = join(home, "requirements.sha256");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return bin;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  await makeEnvironment(home);
  await run(join(bin, "pip"), ["install", "--quiet", "--no-deps", "-r", requirements], {
    maxBuffer: 1 << 26,
  });
  writeFileSync(stampFile, stamp);
  return bin;
}

async function makeEnvironment(home: string): Promise<void> {
  try {
    await run("python3", ["-c", "import sys, ensurepip; sys.exit(sys.version_info < (3, 10))"]);
  } catch (cause) {
    throw new Error(
      "python3, version 3.10 or later with venv and pip, is needed to run an emulator without Docker. Install it (on Debian: python3-venv), or start one with Docker as localstack/compose.yaml says and name it in EMULATOR_ENDPOINT",
      { cause },
    );
  }
  await run("python3", ["-m", "venv", home]);
}

/** Starts the emulator and resolves when it answers. Throws with the end of its log when it does not come up. */
export async function startEmulator(name: EmulatorName, options: StartOptions = {}): Promise<Emulator> {
  const recipe = RECIPES[name];
  const bin = await installEmulator(name);
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), `log-router-${name}-`));
  const logFile = join(folder, "output.log");
  const port = options.port ?? (await freePort());
  const [command, ...args] = recipe.command(bin);
  const log = openSync(logFile, "a");
  const child = spawn(command, args, {
    env: { ...process.env, ...recipe.env(port, folder) },
    stdio: ["ignore", log, log],
    cwd: folder,
    detached: options.detached ?? false,
  });
  closeSync(log);
  if (options.detached) child.unref();
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await stopChild(child);
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilHealthy(child, endpoint + recipe.health, options.timeoutMs ?? 90_000);
  } catch (error) {
    const tail = readFileSync(logFile, "utf8").slice(-2000);
    await stop();
    throw new Error(`${name} did not start on ${endpoint}: ${String(error)}\n${tail}`, { cause: error });
  }
  return { name, pid: child.pid!, endpoint, region: REGION, logFile, stop, [Symbol.asyncDispose]: stop };
}

/** A port in use is not noticed by LocalStack (it logs an error and says "Ready."), so a free one is looked for first. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object"
          ? resolve(address.port)
          : reject(new Error("no port")),
      );
    });
  });
}

async function untilHealthy(child: ChildProcess, url: string, timeoutMs: number): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > end) throw new Error(`no answer within ${timeoutMs} ms`);
    await sleep(100);
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(killer);
}
