// Opens and closes the database file: settings, the wait for another process's lock, bounded memory.
import type { DuckDBConnection } from "@duckdb/node-api";
import { DuckDBInstance } from "@duckdb/node-api";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RouterError } from "../../errors/router-error.ts";
import { isLockConflict, toRouterError } from "./errors.ts";
import { describeLockHolder } from "./lock-holder.ts";
import { announceWaiting } from "./lock-queue.ts";
import { prepareConnection } from "./session.ts";

/** `read`: several processes may have the file open so. `write`: one process alone. */
export type AccessMode = "read" | "write";

export interface OpenSettings {
  /** How long a file held by another process is waited for. */
  readonly lockWaitMs: number;
  /** DuckDB's `memory_limit` in bytes; beyond it, work spills to `<file>.tmp`. */
  readonly memoryBytes: number;
  readonly threads?: number;
  /** Leave the write-ahead log beside the file on closing; the next opening replays it. */
  readonly keepLog?: boolean;
  readonly signal?: AbortSignal;
}

export interface OpenFile {
  connect(): Promise<DuckDBConnection>;
  /** Writes the log into the file and lets go of it. Every connection must be closed. */
  close(): Promise<void>;
}

/** Between two tries; random so that several waiting processes do not move in step. */
const tryAgainMs = (): number => 10 + Math.random() * 30;

/** Opens the file, waiting for other processes; throws WAREHOUSE_LOCKED naming the holder, or WAREHOUSE_UNAVAILABLE. */
export async function openFile(file: string, mode: AccessMode, settings: OpenSettings): Promise<OpenFile> {
  if (mode === "write") mkdirSync(dirname(file), { recursive: true });
  const deadline = performance.now() + settings.lockWaitMs;
  using waiting = new DisposableStack();
  for (let tries = 1; ; tries++) {
    settings.signal?.throwIfAborted();
    try {
      return wrap(await DuckDBInstance.create(file, options(file, mode, settings)), mode, settings);
    } catch (error) {
      if (!isLockConflict(error)) throw toRouterError(error, file);
      if (performance.now() >= deadline) throw await lockedError(file, settings.lockWaitMs, error);
      if (tries === 1) waiting.use(announceWaiting(file));
      await sleep(tryAgainMs(), undefined, settings.signal ? { signal: settings.signal } : {});
    }
  }
}

function options(file: string, mode: AccessMode, settings: OpenSettings): Record<string, string> {
  return {
    access_mode: mode === "read" ? "READ_ONLY" : "READ_WRITE",
    memory_limit: `${Math.floor(settings.memoryBytes / 1024)}KiB`,
    temp_directory: `${file}.tmp`,
    // Rows keep no order in a table; giving it up lets a load run in parallel within its memory.
    preserve_insertion_order: "false",
    // Nothing is ever fetched from a network.
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    ...(settings.threads === undefined ? {} : { threads: String(settings.threads) }),
  };
}

function wrap(instance: DuckDBInstance, mode: AccessMode, { keepLog }: OpenSettings): OpenFile {
  return {
    async connect() {
      const connection = await instance.connect();
      await prepareConnection(connection);
      return connection;
    },
    async close() {
      if (mode === "write") {
        const connection = await instance.connect();
        // Closing would write the log into the file on this thread; asking first does it on DuckDB's.
        const last = keepLog ? "PRAGMA disable_checkpoint_on_shutdown" : "CHECKPOINT";
        await connection.run(last).catch(() => undefined);
        connection.closeSync();
      }
      instance.closeSync();
    },
  };
}

async function lockedError(file: string, waitedMs: number, cause: unknown): Promise<RouterError> {
  const holder = await describeLockHolder(cause);
  return new RouterError(
    "WAREHOUSE_LOCKED",
    `${file} is held by ${holder}; waited ${Math.round(waitedMs / 1000)} s for it (loader.lock_wait_seconds)`,
    { retryable: true, details: { file, holder }, cause },
  );
}
