// The embedded default's adapters over one data folder. Several processes may have the same folder open at the same time: the object
// store only makes whole objects, the queue file and the warehouse file have locks of their own.
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { SqliteEtagCache } from "../../shared/adapters/local/etag-cache.ts";
import {
  createFolderObjectStore,
  ROUTED_BUCKET,
  type FolderObjectStore,
} from "../../shared/adapters/local/folder-object-store.ts";
import { openQueueFile } from "../../shared/adapters/local/queue-file.ts";
import type { Config } from "../../shared/config/schema.ts";
import { isRouterError, RouterError } from "../../shared/errors/router-error.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import type { Warehouse } from "../../shared/ports/warehouse.ts";
import { createDuckDbWarehouse } from "../../shared/warehouse/duckdb/create-duckdb-warehouse.ts";
import type { DataFolder } from "./data-folder.ts";

export interface Embedded extends AsyncDisposable {
  readonly folder: DataFolder;
  readonly store: FolderObjectStore;
  /** Notifications of source objects, for the splitter. */
  readonly splitQueue: Queue;
  /** Notifications of receipts, for the loader. */
  readonly loadQueue: Queue;
  readonly warehouse: Warehouse;
}

export interface OpenOptions {
  /** Told of what the queues' consumers could not do; they go on. */
  readonly onQueueError?: (error: RouterError) => void;
}

/** Makes the folder when absent. A receipt that is written is announced on the load queue, as S3 would. */
export async function openEmbedded(
  folder: DataFolder,
  config: Config,
  options: OpenOptions = {},
): Promise<Embedded> {
  makeFolder(folder.path);
  await using stack = new AsyncDisposableStack();
  const { onQueueError } = options;
  const queues = stack.use(await openQueueFile(folder.queues, onQueueError ? { onError: onQueueError } : {}));
  const etagCache = stack.use(new SqliteEtagCache(join(folder.path, "etags.sqlite"), new Date()));
  const splitQueue = queues.queue("split", { maxReceives: config.splitter.max_receives });
  const loadQueue = queues.queue("load", { maxReceives: config.loader.max_receives });
  const store = createFolderObjectStore({
    root: folder.routed,
    notify: [{ bucket: ROUTED_BUCKET, prefix: "receipts/", queue: loadQueue }],
    etagCache,
  });
  const partPath = (bucket: string, key: string): string => store.fileOf({ bucket, key });
  const warehouse = stack.use(createDuckDbWarehouse({ file: folder.warehouse, partPath, config }));
  const held = stack.move();
  return {
    folder,
    store,
    splitQueue,
    loadQueue,
    warehouse,
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
