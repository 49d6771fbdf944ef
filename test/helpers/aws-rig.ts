// The router's surroundings on AWS for one suite: buckets, queues with dead letters, notifications (on an emulator), and a Redshift Data API
// stand-in that reads the emulator's S3. Everything has a name of its own, so suites share the emulator.
import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import {
  GetObjectCommand,
  paginateListObjectsV2,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import type pg from "pg";
import pc from "picocolors";
import type { z } from "zod";
import { runProgram } from "../../cli/program.ts";
import { openForReading, type ReadingDeps } from "../../cli/compose/open-for-reading.ts";
import type { CliContext, ExitCode } from "../../cli/context.ts";
import type { EmulatorName } from "../../localstack/emulator.ts";
import type { S3Reader } from "../../localstack/redshift-data/copy/source-files.ts";
import { prepareDatabase } from "../../localstack/redshift-data/engine.ts";
import { startStandIn, type StandIn } from "../../localstack/redshift-data/server.ts";
import { newBucket, runningEmulator, type RunningEmulator } from "./emulators.ts";
import { sharedPostgres } from "./stand-in.ts";
import { tempDir } from "./temp-dir.ts";

export interface QueuePair {
  readonly url: string;
  readonly arn: string;
  readonly deadUrl: string;
}

export interface VerbResult {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** A verb that runs until it is stopped. */
export interface RunningVerb {
  /** As SIGTERM. */
  stop(): Promise<VerbResult>;
  readonly output: { readonly stdout: string; readonly stderr: string };
}

export interface AwsRig extends AsyncDisposable {
  readonly running: RunningEmulator;
  readonly standIn: StandIn;
  /** For a session on the warehouse's own PostgreSQL: somebody who holds a lock. */
  readonly connection: pg.ClientConfig;
  readonly sources: string;
  readonly routed: string;
  readonly queues: { readonly split: QueuePair; readonly load: QueuePair; readonly backfill: QueuePair };
  /** What a container would have: endpoints, region, and the settings of the section aws. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  put(key: string, body: string | Uint8Array, bucket?: string): Promise<void>;
  send(queue: QueuePair, body: string): Promise<void>;
  /** Runs `log-router ...args` to its end. */
  verb(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<VerbResult>;
  /** As `verb` with --json, checked against what the verb says of itself; throws with the output when it is something else. */
  report<S extends z.ZodType>(
    schema: S,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ code: ExitCode; json: z.output<S> }>;
  /** What the reading verbs see. */
  reading(): Promise<ReadingDeps>;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): RunningVerb;
}

export interface AwsRigOptions {
  /** Whether S3 tells the split queue of new source objects. Default true. */
  readonly tellsSources?: boolean;
  /** Deliveries after which SQS itself moves a message to the dead letters. Default 10. */
  readonly maxReceives?: number;
}

export async function openAwsRig(name: EmulatorName, options: AwsRigOptions = {}): Promise<AwsRig> {
  const running = await runningEmulator(name);
  const { s3, sqs, emulator } = running;
  const [sources, routed] = [await newBucket(running), await newBucket(running)];
  const queues = {
    split: await newQueue(running, "split", options.maxReceives),
    load: await newQueue(running, "load", options.maxReceives),
    backfill: await newQueue(running, "backfill", options.maxReceives),
  };
  if (options.tellsSources ?? true) await notify(s3, sources, queues.split, "");
  await notify(s3, routed, queues.load, "receipts/");
  const { standIn, connection } = await startOwnStandIn(s3);
  const dir = tempDir();
  const env = {
    AWS_ENDPOINT_URL_S3: emulator.endpoint,
    AWS_ENDPOINT_URL_SQS: emulator.endpoint,
    AWS_ENDPOINT_URL_REDSHIFT_DATA: standIn.endpoint,
    AWS_REGION: emulator.region,
    LOG_ROUTER_AWS_ROUTED_BUCKET: routed,
    LOG_ROUTER_AWS_SPLIT_QUEUE: queues.split.url,
    LOG_ROUTER_AWS_LOAD_QUEUE: queues.load.url,
    LOG_ROUTER_AWS_BACKFILL_QUEUE: queues.backfill.url,
    LOG_ROUTER_AWS_RECEIVE_WAIT_SECONDS: "1",
    LOG_ROUTER_WAREHOUSE: "redshift:test-workgroup/dev",
    LOG_ROUTER_REDSHIFT_RATE_SHARE: "1",
    LOG_ROUTER_SPLITTER_THREADS: "1",
    LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "0.2",
    LOG_ROUTER_LOADER_MAX_COMMITS_PER_MINUTE: "6000",
    // Everything that the tests send, for other judges of Redshift's grammar.
    ...(process.env["SQL_LOG"] ? { SQL_LOG: process.env["SQL_LOG"] } : {}),
  };
  const start = (args: readonly string[], more: Readonly<Record<string, string>> = {}): RunningVerb =>
    startVerb(args, { ...env, ...more }, dir.path);
  const verb = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runToEnd(args, { ...env, ...more }, dir.path).done;
  return {
    running,
    standIn,
    connection,
    sources,
    routed,
    queues,
    env,
    cwd: dir.path,
    start,
    verb,
    async put(key, body, bucket = sources) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body) }));
    },
    async send(queue, body) {
      await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: body }));
    },
    async report(schema, args, more) {
      const { code, stdout, stderr } = await verb([...args, "--json"], more);
      try {
        return { code, json: schema.parse(JSON.parse(stdout)) };
      } catch (cause) {
        throw new Error(`log-router ${args.join(" ")} --json: ${stdout}\n${stderr}`, { cause });
      }
    },
    reading: () =>
      openForReading(contextOf({ stdout: "", stderr: "" }, env, dir.path), { data: "data", set: [] }),
    async [Symbol.asyncDispose]() {
      await standIn.stop();
      dir[Symbol.dispose]();
    },
  };
}

/** Bodies that wait in a queue now, which are taken out of sight for a moment only. */
export async function peekBodies({ sqs }: RunningEmulator, url: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 2,
        WaitTimeSeconds: 0,
      }),
    );
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body }) => Body ?? ""));
  }
}

async function newQueue({ sqs }: RunningEmulator, name: string, maxReceiveCount = 10): Promise<QueuePair> {
  const id = randomBytes(4).toString("hex");
  const make = async (queue: string, Attributes: Record<string, string> = {}) => {
    const { QueueUrl = "" } = await sqs.send(
      new CreateQueueCommand({ QueueName: `${queue}-${id}`, Attributes }),
    );
    const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
    return { url: QueueUrl, arn: answer.Attributes?.QueueArn ?? "" };
  };
  const dead = await make(`${name}-dead`);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount });
  return { ...(await make(name, { RedrivePolicy })), deadUrl: dead.url };
}

async function notify(s3: S3Client, bucket: string, queue: QueuePair, prefix: string): Promise<void> {
  const Filter = { Key: { FilterRules: [{ Name: "prefix" as const, Value: prefix }] } };
  const rule = {
    QueueArn: queue.arn,
    Events: ["s3:ObjectCreated:*" as const],
    ...(prefix ? { Filter } : {}),
  };
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: bucket,
      NotificationConfiguration: { QueueConfigurations: [rule] },
    }),
  );
}

/** A Redshift Data API whose COPY reads that S3, with a database of its own. */
export async function startOwnStandIn(s3: S3Client) {
  const postgres = await sharedPostgres();
  const database = `aws_${randomBytes(6).toString("hex")}`;
  await postgres.createDatabase(database, "repeatable read");
  await prepareDatabase(postgres, database);
  const standIn = await startStandIn({
    postgres,
    database,
    s3: reader(s3),
    delayMs: 1,
    rateLimits: false,
  });
  return { standIn, connection: postgres.connection(database) };
}

function reader(s3: S3Client): S3Reader {
  return {
    async get(Bucket, Key) {
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key })).catch((error: unknown) => {
        if (error instanceof Error && error.name === "NoSuchKey") return undefined;
        throw error;
      });
      return answer && (await buffer(answer.Body as NodeJS.ReadableStream));
    },
    async list(Bucket, Prefix) {
      const pages = await Array.fromAsync(paginateListObjectsV2({ client: s3 }, { Bucket, Prefix }));
      return pages.flatMap(({ Contents = [] }) => Contents.map(({ Key = "" }) => Key));
    },
  };
}

/** Runs `log-router ...args` in this process until it is stopped. */
export function startVerb(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): RunningVerb {
  const { done, graceful, output } = runToEnd(args, env, cwd);
  return {
    output,
    stop: () => {
      graceful.abort();
      return done;
    },
  };
}

/** Runs `log-router ...args` in this process; `done` is its end. */
export function runToEnd(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
  const output = { stdout: "", stderr: "" };
  const graceful = new AbortController();
  const done = runProgram(contextOf(output, env, cwd, graceful.signal), args).then((code): VerbResult => ({
    code,
    ...output,
  }));
  return { done, graceful, output };
}

function contextOf(
  output: { stdout: string; stderr: string },
  env: Readonly<Record<string, string>>,
  cwd: string,
  graceful = new AbortController().signal,
): CliContext {
  const forced = new AbortController().signal;
  return {
    stdout: { write: (text) => (output.stdout += String(text)) },
    stderr: { write: (text) => (output.stderr += String(text)) },
    env,
    cwd,
    colours: pc.createColors(false),
    now: () => new Date(),
    signals: { listen: () => ({ graceful, forced, [Symbol.dispose]() {} }) },
  };
}
