// The warehouse on a DuckDB file. Each method opens the file for one read or one transaction and lets go of it again.
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { Config } from "../../config/schema.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { LoadJob, LoadResult, Warehouse } from "../../ports/warehouse.ts";
import { readCatalog, catalogVersion } from "./catalog.ts";
import { applyChanges } from "./change.ts";
import type { ChangeResult } from "./change.ts";
import { CHECKED_CAST_MACROS } from "./checked-casts.ts";
import { allUnits, requireDistinct } from "./job-units.ts";
import { bindRows, boundRows, UNIT_ROW, unitRow } from "./json-rows.ts";
import { createLedger, isPrepared, storedSchema } from "./ledger-schema.ts";
import { LEDGER_COLUMNS, ledgerRow } from "./ledger-rows.ts";
import { insertRows, loadsAtOnce, loadUnits, slotsOf } from "./load.ts";
import type { LoadSettings } from "./load.ts";
import { pendingUnits, putPending, removePending } from "./pending.ts";
import { createReads } from "./reads.ts";
import type { RolledBack, Session } from "./session.ts";
import { rollback } from "./session.ts";
import type { SharedFile } from "./shared-file.ts";
import { createSharedFile } from "./shared-file.ts";
import { settleSources, sourcesNamed, sourcesWithIds, supersede } from "./sources.ts";

const GIB = 1024 ** 3;

export interface DuckDbWarehouseOptions {
  /** The database file; made by `prepare` when there is none. */
  readonly file: string;
  /** Local path of a part's file. */
  readonly partPath: (bucket: string, key: string) => string;
  readonly config: Config;
  /** Schema of the event tables. Default: `tables.schema` of the configuration. */
  readonly eventSchema?: string;
  /** The event tables are looked for where the ledger says, whatever the configuration; nothing is loaded. Default false. */
  readonly onlyReads?: boolean;
  /** How long a file held by another process is waited for. Default: `loader.lock_wait_seconds`. */
  readonly lockWaitMs?: number;
  /** DuckDB's memory in bytes; beyond it, work spills to a folder beside the file. Default 2 GiB. */
  readonly memoryBytes?: number;
  /** DuckDB's threads. Default: the cores. */
  readonly threads?: number;
  /**
   * Leave DuckDB's write-ahead log beside the file after each transaction: less than half the time for a small one, but the data is then in
   * two files, and a start replays the log. Default false.
   */
  readonly keepLog?: boolean;
}

export function createDuckDbWarehouse(options: DuckDbWarehouseOptions): Warehouse {
  const { config, partPath } = options;
  let eventSchema = options.eventSchema ?? config.tables.schema;
  const memoryBytes = options.memoryBytes ?? 2 * GIB;
  const maxThreads = options.threads ?? availableParallelism();
  requireEventSchema(eventSchema);
  requirePath(options.file);
  const file = createSharedFile(options.file, {
    lockWaitMs: options.lockWaitMs ?? config.loader.lock_wait_seconds * 1000,
    memoryBytes,
    threads: maxThreads,
    ...(options.keepLog === undefined ? {} : { keepLog: options.keepLog }),
  });
  const transaction: Transaction = (work, signal) =>
    file.write((session) => session.transaction(() => work(session)), signal);
  return {
    name: `duckdb:${options.file}`,
    loadsAtOnce: loadsAtOnce({ maxThreads }),
    fillsSiblings: true,
    async prepare(signal) {
      const { slots } = config.loader;
      if (options.onlyReads) eventSchema = (await file.readIfPresent(storedSchema, signal)) ?? eventSchema;
      const ready = await file.readIfPresent((session) => isPrepared(session, eventSchema), signal);
      if (!ready) await transaction((session) => createLedger(session, eventSchema, slots), signal);
    },
    ping: (signal) => file.read(async (session) => void (await session.rows("SELECT 1")), signal),
    catalog: (signal) =>
      file.read((session) => session.transaction(() => readCatalog(session, eventSchema)), signal),
    change: (version, changes, signal) =>
      transaction<ChangeResult>(async (session) => {
        const settings = { eventSchema, rewriteRows: config.tables.rewrite_rows };
        const result = await applyChanges(session, version, changes, settings);
        return result.kind === "applied" ? result : rollback(result);
      }, signal),
    ...loading(file, { eventSchema, partPath, memoryBytes, maxThreads }),
    ...ledger(file, transaction),
    read: createReads(file, () => eventSchema),
    async [Symbol.asyncDispose]() {
      // Nothing is held between two calls.
    },
  };
}

function requireEventSchema(eventSchema: string): void {
  if (!["log_router", "information_schema", "pg_catalog"].includes(eventSchema.toLowerCase())) return;
  throw new RouterError("CONFIG_INVALID", `tables.schema: ${eventSchema} is not free for event tables`, {
    details: { setting: "tables.schema" },
  });
}

/** DuckDB takes what follows a question mark for options and puts its log elsewhere. */
function requirePath(file: string): void {
  if (!resolve(file).includes("?")) return;
  throw new RouterError("CONFIG_INVALID", `DuckDB cannot have a database under a path with "?": ${file}`, {
    details: { file },
  });
}

function loading(
  file: SharedFile,
  options: Omit<LoadSettings, "isAlone">,
): Pick<Warehouse, "load" | "probe"> {
  let running = 0;
  const settings: LoadSettings = { ...options, isAlone: () => running === 1 };
  const run = async <T>(
    job: LoadJob,
    work: (session: Session) => Promise<T>,
    stays: (result: T) => boolean,
    signal?: AbortSignal,
  ): Promise<T> => {
    requireDistinct(allUnits(job));
    requireParts(job, settings);
    const inTransaction = async (session: Session): Promise<T> => {
      await session.run(
        CHECKED_CAST_MACROS.map((macro) => `CREATE OR REPLACE TEMP MACRO ${macro};`).join("\n"),
      );
      return session.transaction(async () => {
        const result = await work(session);
        return stays(result) ? result : rollback(result);
      });
    };
    const counted = async (session: Session): Promise<T> => {
      running++;
      try {
        return await inTransaction(session);
      } finally {
        running--;
        // What comes next, reads too, may have all of them. When stopped it has fewer.
        if (running === 0) await session.run(`SET threads = ${settings.maxThreads}`).catch(() => undefined);
      }
    };
    return file.write(counted, signal, slotsOf(job, settings));
  };
  return {
    load: (job, signal) =>
      run<LoadResult>(
        job,
        (session) => loadUnits(session, job, settings),
        ({ kind }) => kind === "loaded",
        signal,
      ),
    probe: (job, signal) =>
      run(
        job,
        async (session) => {
          if ((await catalogVersion(session)) !== job.catalogVersion) return { kind: "stale" } as const;
          const result = await insertRows(session, job, settings);
          return Array.isArray(result) ? ({ kind: "accepted" } as const) : result;
        },
        () => false,
        signal,
      ),
  };
}

/** DuckDB would take a missing file's name for a pattern, and say less about it. */
function requireParts(job: LoadJob, { partPath }: LoadSettings): void {
  // What several units name is looked for once; a look takes some microseconds, on the way through the thread pool ten times as much.
  const keys = new Set(allUnits(job).flatMap((unit) => unit.parts.map((part) => part.key)));
  for (const key of keys) {
    try {
      statSync(partPath(job.bucket, key));
    } catch (cause) {
      throw new RouterError("OBJECT_GONE", `the part ${key} is not there`, {
        details: { bucket: job.bucket, key },
        cause,
      });
    }
  }
}

/** Opens the file for one transaction. */
type Transaction = <T>(
  work: (session: Session) => Promise<T | RolledBack<T>>,
  signal?: AbortSignal,
) => Promise<T>;

function ledger(
  file: SharedFile,
  transaction: Transaction,
): Pick<
  Warehouse,
  "loadedUnits" | "supersede" | "settleSources" | "findSources" | "putPending" | "pending" | "removePending"
> {
  return {
    loadedUnits: (keys, signal) =>
      file.read(async (session) => {
        const rows = await session.rows(
          `SELECT ${LEDGER_COLUMNS} FROM log_router.loads SEMI JOIN ${boundRows("units", UNIT_ROW)}
           USING (source_id, generation, event_type)`,
          bindRows("units", keys.map(unitRow)),
        );
        return rows.map(ledgerRow);
      }, signal),
    supersede: (row, signal) => transaction((session) => supersede(session, row), signal),
    settleSources: (rows, signal) => transaction((session) => settleSources(session, rows), signal),
    findSources: (where, signal) =>
      file.read(
        (session) =>
          "ids" in where ? sourcesWithIds(session, where.ids) : sourcesNamed(session, where.names),
        signal,
      ),
    putPending: (rows, signal) => transaction((session) => putPending(session, rows), signal),
    pending: (options, signal) => file.read((session) => pendingUnits(session, options), signal),
    removePending: (keys, signal) => transaction((session) => removePending(session, keys), signal),
  };
}
