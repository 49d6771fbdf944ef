// The local stack: an emulator for S3 and SQS, the Redshift stand-in, and what is in them. State is one file in a folder; `up` twice is one
// stack, `down` twice is none.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createS3Client, createSqsClient } from "../../shared/adapters/aws/clients.ts";
import { startEmulator, type EmulatorName } from "../emulator.ts";
import { background, end, isAlive, type Background } from "./background.ts";
import { environment, envFile } from "./environment.ts";
import { locked } from "./locked.ts";
import { makeResources, type Resources } from "./resources.ts";
import { startStandInProcess } from "./start-stand-in.ts";

export interface StackState {
  readonly emulator: {
    readonly name: EmulatorName;
    readonly endpoint: string;
    /** Undefined: somebody else's, a container's for example. */
    readonly process: Background | undefined;
  };
  readonly standIn: { readonly endpoint: string; readonly process: Background };
  readonly region: string;
  readonly resources: Resources;
}

export interface UpOptions {
  readonly emulator: EmulatorName;
  /** Of the emulator; the stand-in gets the next one. 0: free ones. */
  readonly port: number;
  /** An emulator that runs already: only the stand-in is started, and what they need is made. */
  readonly endpoint?: string;
}

const DEFAULT_REGION = "eu-west-1";

export type Health = "running" | "broken" | "down";

const waiting = (): void =>
  void process.stderr.write("waiting for another `make up` or `make down` of this stack\n");

/** Starts what is not running. What is broken is thrown away first: an emulator keeps nothing anyway. Two at once are one stack. */
export function up(folder: string, options: UpOptions): Promise<StackState> {
  return locked(folder, () => upAlone(folder, options), waiting);
}

async function upAlone(folder: string, options: UpOptions): Promise<StackState> {
  const { state, health } = await status(folder);
  if (health === "running" && state) {
    if (state.emulator.name !== options.emulator && options.endpoint === undefined)
      throw new Error(
        `the stack runs on ${state.emulator.name}: \`make down\` first, or EMULATOR=${state.emulator.name}`,
      );
    return state;
  }
  await downAlone(folder);
  mkdirSync(folder, { recursive: true });
  const standInPort = options.port === 0 ? 0 : options.port + 1;
  if (options.endpoint === undefined) await requireFree(options.port);
  await requireFree(standInPort);
  return start(folder, options, standInPort);
}

async function start(folder: string, options: UpOptions, standInPort: number): Promise<StackState> {
  const started: Background[] = [];
  process.env["AWS_ACCESS_KEY_ID"] ??= "test";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
  try {
    const emulator = await openEmulator(folder, options);
    if (emulator.process) started.push(emulator.process);
    const { endpoint, region } = emulator;
    const standIn = await startStandInProcess(endpoint, standInPort, join(folder, "stand-in.log"));
    const process_ = background(standIn.pid);
    started.push(process_);
    const clientOptions = { endpoint, region, pathStyle: true };
    const [s3, sqs] = [createS3Client(clientOptions), createSqsClient(clientOptions)];
    const resources = await makeResources(s3, sqs, region);
    s3.destroy();
    sqs.destroy();
    const state: StackState = {
      emulator: { name: options.emulator, endpoint, process: emulator.process },
      standIn: { endpoint: standIn.endpoint, process: process_ },
      region,
      resources,
    };
    writeFileSync(join(folder, "env"), envFile(environment(state)));
    writeFileSync(stateFile(folder), JSON.stringify(state, undefined, 2));
    return state;
  } catch (error) {
    await Promise.all(started.map(end));
    throw error;
  }
}

async function openEmulator(folder: string, options: UpOptions) {
  if (options.endpoint !== undefined)
    return { endpoint: options.endpoint, region: DEFAULT_REGION, process: undefined };
  const { pid, endpoint, region } = await startEmulator(options.emulator, {
    folder,
    detached: true,
    ...(options.port === 0 ? {} : { port: options.port }),
  });
  return { endpoint, region, process: background(pid) };
}

function processes(state: StackState): Background[] {
  return [state.standIn.process, ...(state.emulator.process ? [state.emulator.process] : [])];
}

/** Ends both processes and removes the folder. */
export function down(folder: string): Promise<void> {
  return locked(folder, () => downAlone(folder), waiting);
}

async function downAlone(folder: string): Promise<void> {
  const state = read(folder);
  if (state) await Promise.all(processes(state).map(end));
  rmSync(folder, { recursive: true, force: true });
}

export async function status(folder: string): Promise<{ health: Health; state: StackState | undefined }> {
  const state = read(folder);
  if (!state) return { health: "down", state };
  const alive = processes(state).map(isAlive);
  if (!alive.includes(true)) return { health: "down", state: undefined };
  const answers =
    alive.every(Boolean) && (await Promise.all([state.emulator, state.standIn].map(answersHttp)));
  return { health: answers && answers.every(Boolean) ? "running" : "broken", state };
}

async function answersHttp({ endpoint }: { readonly endpoint: string }): Promise<boolean> {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(5000) });
    return true;
  } catch {
    return false;
  }
}

function stateFile(folder: string): string {
  return join(folder, "stack.json");
}

function read(folder: string): StackState | undefined {
  try {
    return JSON.parse(readFileSync(stateFile(folder), "utf8")) as StackState;
  } catch {
    return undefined;
  }
}

/** LocalStack says that it is ready although its port is another's. */
function requireFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", () =>
      reject(new Error(`port ${port} is in use: say another one, as in \`make up STACK_PORT=14566\``)),
    );
    server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
  });
}
