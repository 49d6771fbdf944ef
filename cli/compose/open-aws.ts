// The adapters on AWS: S3, SQS (or queues of this process's own), Redshift.
import { existsSync, mkdirSync } from "node:fs";
import type { Logger } from "pino";
import { awsClients, type AwsClients } from "../../shared/adapters/aws/aws-clients.ts";
import { announcing } from "../../shared/adapters/announcing-object-store.ts";
import type { OnRequest } from "../../shared/adapters/aws/clients.ts";
import { createS3ObjectStore } from "../../shared/adapters/aws/s3-object-store.ts";
import { createSqsQueue } from "../../shared/adapters/aws/sqs-queue.ts";
import { openQueueFile } from "../../shared/adapters/local/queue-file.ts";
import { MemoryQueue } from "../../shared/adapters/memory/memory-queue.ts";
import type { Config } from "../../shared/config/schema.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import type { CliContext } from "../context.ts";
import type { Adapters } from "./adapters.ts";
import { noWarehouse } from "./no-warehouse.ts";
import { openRedshift } from "./open-redshift.ts";
import type { AwsSetup, SqsQueues, Work } from "./setup.ts";

export interface OpenAwsOptions {
  readonly env: CliContext["env"];
  readonly log: Logger;
  readonly work: Work;
  readonly onRequest?: OnRequest;
}

/** Each look at SQS and the Data API is a request. */
const POLL_MS = 500;

type Queues = Pick<Adapters, "splitQueue" | "backfillQueue" | "loadQueue">;

/** Sends nothing but what it takes to know the region. Throws CONFIG_INVALID when that is missing. */
export async function openAws(setup: AwsSetup, config: Config, options: OpenAwsOptions): Promise<Adapters> {
  const { env, log, work, onRequest } = options;
  await using stack = new AsyncDisposableStack();
  const silenceSeconds = config.aws.silence_seconds;
  const clients = stack.use(
    awsClients({ region: setup.region, env, silenceSeconds, ...(onRequest ? { onRequest } : {}) }),
  );
  await clients.requireRegion();
  if (work !== "read") makeFolder(setup.folder.scratch);
  const s3 = createS3ObjectStore(clients.s3(), { clock: systemClock });
  const queues = setup.queues
    ? sqsQueues(setup.queues, clients, config, log)
    : await ownQueues(setup, config, options, stack);
  const { routedBucket } = setup;
  // Without queues of ours that S3 tells of receipts, whoever writes one has to.
  const rules = [{ bucket: routedBucket, prefix: "receipts/", queue: queues.loadQueue }];
  const store = setup.queues ? s3 : announcing(s3, rules, systemClock);
  const warehouse = setup.warehouse
    ? openRedshift({
        client: clients.redshiftData(),
        target: setup.warehouse,
        store,
        routedBucket,
        config,
        log,
        onlyReads: work === "read",
        sqlLog: env["SQL_LOG"],
      })
    : noWarehouse();
  stack.use(warehouse);
  const held = stack.move();
  return {
    ...queues,
    store,
    routedBucket,
    warehouse,
    scratchFolder: setup.folder.scratch,
    ownPaths: [setup.folder.path],
    isShared: setup.queues !== undefined,
    pollMs: POLL_MS,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function sqsQueues(urls: SqsQueues, clients: AwsClients, config: Config, log: Logger): Queues {
  const warn = (what: string, error: unknown): void =>
    log.warn({ event: "queue_error", err: error instanceof Error ? error : String(error) }, what);
  const waitSeconds = config.aws.receive_wait_seconds;
  const queue = (url: string | undefined, name: string, maxReceives: number): Queue =>
    url === undefined
      ? new MemoryQueue({ name })
      : createSqsQueue(clients.sqs(), url, { clock: systemClock, maxReceives, waitSeconds, warn });
  return {
    splitQueue: queue(urls.split, "split", config.splitter.max_receives),
    backfillQueue: queue(urls.backfill, "backfill", config.splitter.max_receives),
    loadQueue: queue(urls.load, "load", config.loader.max_receives),
  };
}

async function ownQueues(
  { folder }: AwsSetup,
  config: Config,
  { work, log }: OpenAwsOptions,
  stack: AsyncDisposableStack,
): Promise<Queues> {
  // Looking makes no files.
  if (work === "read" && !existsSync(folder.queues)) return emptyQueues();
  makeFolder(folder.path);
  const onError = (error: RouterError): void =>
    log.warn({ event: "queue_error", code: error.code }, error.message);
  const file = stack.use(await openQueueFile(folder.queues, { onError }));
  return {
    splitQueue: file.queue("split", { maxReceives: config.splitter.max_receives }),
    backfillQueue: file.queue("backfill", { maxReceives: config.splitter.max_receives }),
    loadQueue: file.queue("load", { maxReceives: config.loader.max_receives }),
  };
}

function emptyQueues(): Queues {
  return {
    splitQueue: new MemoryQueue({ name: "split" }),
    backfillQueue: new MemoryQueue({ name: "backfill" }),
    loadQueue: new MemoryQueue({ name: "load" }),
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RouterError("USAGE", `the data folder ${path} cannot be made: ${reason}`, { cause });
  }
}
