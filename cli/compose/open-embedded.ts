// The embedded default's adapters over one data folder. Several processes may have the same folder open at the same time: the object
// store only makes whole objects, the queue file and the warehouse file have locks of their own.
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { awsClients } from "../../shared/adapters/aws/aws-clients.ts";
import { SqliteEtagCache } from "../../shared/adapters/local/etag-cache.ts";
import { createS3ObjectStore } from "../../shared/adapters/aws/s3-object-store.ts";
import { byBucket } from "../../shared/adapters/by-bucket-object-store.ts";
import {
  createFolderObjectStore,
  LOCAL_BUCKET,
  ROUTED_BUCKET,
} from "../../shared/adapters/local/folder-object-store.ts";
import { openQueueFile } from "../../shared/adapters/local/queue-file.ts";
import type { Config } from "../../shared/config/schema.ts";
import { isRouterError, RouterError } from "../../shared/errors/router-error.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { createDuckDbWarehouse } from "../../shared/warehouse/duckdb/create-duckdb-warehouse.ts";
import type { CliContext } from "../context.ts";
import type { Adapters } from "./adapters.ts";
import type { DataFolder } from "./data-folder.ts";

/** Pause between looks: they cost next to nothing here. */
const POLL_MS = 25;

export interface OpenOptions {
  readonly env: CliContext["env"];
  /** `aws.region`, for sources on s3://. */
  readonly region?: string | undefined;
  /** For the reading verbs, which take the warehouse as it is. Default: false. */
  readonly onlyReads?: boolean;
  /** Told of what the queues' consumers could not do; they go on. */
  readonly onQueueError?: (error: RouterError) => void;
}

/**
 * Makes the folder when absent. A receipt that is written is announced on the load queue, as S3 would. Sources of other buckets than `local`
 * are read from S3; nothing is asked of AWS before one is.
 */
export async function openEmbedded(
  folder: DataFolder,
  config: Config,
  options: OpenOptions,
): Promise<Adapters> {
  makeFolder(folder.path);
  await using stack = new AsyncDisposableStack();
  const { onQueueError, onlyReads = false } = options;
  const queues = stack.use(await openQueueFile(folder.queues, onQueueError ? { onError: onQueueError } : {}));
  const etagCache = stack.use(new SqliteEtagCache(join(folder.path, "etags.sqlite"), new Date()));
  const splitQueue = queues.queue("split", { maxReceives: config.splitter.max_receives });
  const loadQueue = queues.queue("load", { maxReceives: config.loader.max_receives });
  const backfillQueue = queues.queue("backfill", { maxReceives: config.splitter.max_receives });
  const folders = createFolderObjectStore({
    root: folder.routed,
    notify: [{ bucket: ROUTED_BUCKET, prefix: "receipts/", queue: loadQueue }],
    etagCache,
  });
  const partPath = (bucket: string, key: string): string => folders.fileOf({ bucket, key });
  const warehouse = stack.use(createDuckDbWarehouse({ file: folder.warehouse, partPath, config, onlyReads }));
  const clients = stack.use(awsClients({ region: options.region, env: options.env }));
  const s3 = (): ReturnType<typeof createS3ObjectStore> =>
    createS3ObjectStore(clients.s3(), { clock: systemClock });
  const held = stack.move();
  return {
    store: byBucket([LOCAL_BUCKET, ROUTED_BUCKET], folders, s3),
    routedBucket: ROUTED_BUCKET,
    splitQueue,
    backfillQueue,
    loadQueue,
    warehouse,
    scratchFolder: folder.scratch,
    ownPaths: [folder.path, folder.warehouse],
    isShared: false,
    pollMs: POLL_MS,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function makeFolder(path: string): void {
  try {
    // One level at a time: Node's own `recursive` never returns where the system says ENOENT for a folder that is there (/proc).
    if (existsSync(path)) return;
    if (dirname(path) !== path) makeFolder(dirname(path));
    mkdirSync(path);
  } catch (cause) {
    if (isRouterError(cause)) throw cause;
    if (existsSync(path)) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RouterError("USAGE", `the data folder ${path} cannot be made: ${reason}`, { cause });
  }
}
