// Opens and closes the database file: settings, the wait for another process's lock, bounded memory.
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRouterError, RouterError } from "../../errors/router-error.ts";
import { quoteLiteral } from "../sql/quote.ts";
import { releaseEngine, takeEngine } from "./engine.ts";
import { isLockConflict, toRouterError } from "./errors.ts";
import { describeLockHolder } from "./lock-holder.ts";
import { announceWaiting } from "./lock-queue.ts";

/** `read`: several processes may have the file open so. `write`: one process alone. */
export type AccessMode = "read" | "write";

export interface OpenSettings {
  /** How long a file held by another process is waited for. */
  readonly lockWaitMs: number;
  /** DuckDB's `memory_limit` in bytes; beyond it, work spills to `<file>.tmp`. */
  readonly memoryBytes: number;
  readonly threads: number;
  /** Leave the write-ahead log beside the file on closing; the next opening replays it. */
  readonly keepLog?: boolean;
  readonly signal?: AbortSignal;
}

export interface OpenFile {
  connect(): Promise<DuckDBConnection>;
  /** Writes the log into the file and lets go of it. Every connection must be closed. */
  close(): Promise<void>;
}

/** Name of the file's database inside DuckDB. */
const DATABASE = "lr_warehouse";

/**
 * How a new file is made; an old one stays as it is. Row groups of a sixth of DuckDB's own size are compressed while a load inserts, by all
 * its threads, where one thread would do it at the commit; from 1.3.0 on DuckDB compresses strings in half the time, and smaller (docs/adr/0012).
 */
const ROW_GROUP_SIZE = 20_480;
const STORAGE_VERSION = "v1.3.0";

/** Between two tries; random so that several waiting processes do not move in step. */
const tryAgainMs = (): number => 10 + Math.random() * 30;

/** Opens the file, waiting for other processes; throws WAREHOUSE_LOCKED naming the holder, or WAREHOUSE_UNAVAILABLE. */
export async function openFile(file: string, mode: AccessMode, settings: OpenSettings): Promise<OpenFile> {
  if (mode === "write") mkdirSync(dirname(file), { recursive: true });
  const instance = await takeEngine(file, settings).catch((error: unknown) => {
    throw toRouterError(error, file);
  });
  try {
    await attachFile(instance, file, mode, settings);
  } catch (error) {
    releaseEngine(file, settings, !isRouterError(error) || error.code !== "WAREHOUSE_LOCKED");
    throw error;
  }
  return wrap(instance, file, mode, settings);
}

async function attachFile(
  instance: DuckDBInstance,
  file: string,
  mode: AccessMode,
  settings: OpenSettings,
): Promise<void> {
  const deadline = performance.now() + settings.lockWaitMs;
  const connection = await instance.connect();
  using waiting = new DisposableStack();
  waiting.defer(() => connection.closeSync());
  for (let tries = 1; ; tries++) {
    settings.signal?.throwIfAborted();
    try {
      await connection.run(`ATTACH ${quoteLiteral(file)} AS ${DATABASE} (${attachOptions(file, mode)})`);
      return;
    } catch (error) {
      if (!isLockConflict(error)) throw toRouterError(error, file);
      if (performance.now() >= deadline) throw await lockedError(file, settings.lockWaitMs, error);
      if (tries === 1) waiting.use(announceWaiting(file));
      await sleep(tryAgainMs(), undefined, settings.signal ? { signal: settings.signal } : {});
    }
  }
}

function attachOptions(file: string, mode: AccessMode): string {
  if (mode === "read") return "READ_ONLY";
  const version = existsSync(file) ? "" : `, STORAGE_VERSION '${STORAGE_VERSION}'`;
  return `ROW_GROUP_SIZE ${ROW_GROUP_SIZE}${version}`;
}

function wrap(instance: DuckDBInstance, file: string, mode: AccessMode, settings: OpenSettings): OpenFile {
  return {
    async connect() {
      const connection = await instance.connect();
      await connection.run(`USE ${DATABASE}; SET TimeZone = 'UTC'`);
      return connection;
    },
    async close() {
      let isBroken = true;
      const connection = await instance.connect();
      try {
        await detach(connection, mode === "write", settings);
        isBroken = false;
      } finally {
        connection.closeSync();
        // An instance that a fatal error has made useless does not even detach.
        releaseEngine(file, settings, isBroken);
      }
    },
  };
}

async function detach(
  connection: DuckDBConnection,
  isWritten: boolean,
  { keepLog }: OpenSettings,
): Promise<void> {
  if (isWritten) {
    // Detaching would write the log into the file on this thread; asking first does it on DuckDB's.
    const last = keepLog ? "PRAGMA disable_checkpoint_on_shutdown" : `CHECKPOINT ${DATABASE}`;
    await connection.run(last).catch(() => undefined);
  }
  await connection.run(`DETACH ${DATABASE}`);
}

async function lockedError(file: string, waitedMs: number, cause: unknown): Promise<RouterError> {
  const holder = await describeLockHolder(cause);
  return new RouterError(
    "WAREHOUSE_LOCKED",
    `${file} is held by ${holder}; waited ${Math.round(waitedMs / 1000)} s for it (loader.lock_wait_seconds)`,
    { retryable: true, details: { file, holder }, cause },
  );
}
