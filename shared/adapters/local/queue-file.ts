// One SQLite file that holds several named queues for several processes. What is settled after it was sent is later in the same log,
// so that losing the log's end in a power failure (synchronous = NORMAL) loses the settling before the sending, never the reverse.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Queue } from "../../ports/queue.ts";
import { systemClock } from "../../runtime/clock.ts";
import { QueueOwner } from "./queue-owner.ts";
import { SqliteQueue, type SqliteQueueOptions } from "./sqlite-queue.ts";

export interface QueueFileOptions {
  readonly clock?: Clock;
  /** How long another process's lock is waited for before an operation fails. Default 30 s. */
  readonly lockWaitMs?: number;
  /** Told of what consumers could not do; they go on. */
  readonly onError?: (error: RouterError) => void;
}

const VERSION = 1;
const SCHEMA = `
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: a late outcome must not hit another message
    queue TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_at INTEGER NOT NULL,             -- times in milliseconds since the epoch
    visible_at INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0,
    lease TEXT,                           -- of the delivery that has it now; null while nobody has
    last_error TEXT,
    dead_at INTEGER
  ) STRICT;
  CREATE INDEX due ON messages (queue, visible_at, id) WHERE dead_at IS NULL;
  CREATE INDEX dead ON messages (queue, dead_at, id) WHERE dead_at IS NOT NULL;
`;

/** The wait inside SQLite blocks the event loop, so it is short; the rest of the wait is asynchronous. */
const BUSY_TIMEOUT_MS = 20;
const LONGEST_RETRY_MS = 60;
/** SQLITE_BUSY and SQLITE_LOCKED, low byte of the extended codes. */
const BUSY_CODES = [5, 6];
/** Small writes in one transaction. */
const GROUP = 100;

/** A small write that waits for its transaction. */
interface Write {
  /** Does it, and gives what tells so when it is durable. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** Without one, each of thousands would be an error with its stack. */
const WOKEN = new RouterError("ABORTED", "Something was sent to the queue.");

export class QueueFile implements Disposable {
  readonly path: string;
  readonly clock: Clock;
  readonly onError: (error: RouterError) => void;
  readonly owner: QueueOwner;
  readonly #db: DatabaseSync;
  readonly #lockWaitMs: number;
  readonly #statements = new Map<string, StatementSync>();
  readonly #wakers = new Map<string, AbortController>();
  #writes: Write[] = [];
  #isWriting = false;

  constructor(path: string, db: DatabaseSync, options: QueueFileOptions) {
    this.path = path;
    this.#db = db;
    this.clock = options.clock ?? systemClock;
    this.onError = options.onError ?? (() => undefined);
    this.#lockWaitMs = options.lockWaitMs ?? 30_000;
    this.owner = new QueueOwner(path);
    this.owner.removeEnded(this.clock.now().getTime());
  }

  /** The queue of that name; every name exists. Settings hold for this opener's consumers. */
  queue(name: string, options: SqliteQueueOptions = {}): Queue {
    return new SqliteQueue(this, name, options);
  }

  /** A prepared statement, made once. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  /** Runs `work` in a write transaction; waits for other processes' without blocking the event loop. Throws QUEUE_FAILED. */
  async transaction<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    return this.#whenFree(() => this.#inTransaction(work), signal);
  }

  /**
   * As `transaction`, for a few rows: what is asked for in the same turn of the event loop shares one, in the order of the calls. Each that fails fails alone;
   * it may be run again.
   */
  write<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const run = (): (() => void) => {
      const result = work();
      return () => resolve(result);
    };
    this.#writes.push({ run, reject });
    if (!this.#isWriting) {
      this.#isWriting = true;
      setImmediate(() => void this.#writeAll());
    }
    return promise;
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    while (this.#writes.length > 0) {
      const group = this.#writes.splice(0, GROUP);
      try {
        for (const tell of await this.transaction(() => group.map(({ run }) => run()))) tell();
      } catch (error) {
        // Whoever has the lock would keep each of them waiting as long again.
        if (error instanceof RouterError && isBusy(error.cause))
          for (const { reject } of group) reject(error);
        else for (const { run, reject } of group) await this.transaction(run).then((tell) => tell(), reject);
      }
    }
    this.#isWriting = false;
  }

  #inTransaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Runs a single statement or read, which is its own transaction. */
  single<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    return this.#whenFree(work, signal);
  }

  /** Fires when something was sent to or came back on the queue in this process. */
  wakeSignal(queue: string): AbortSignal {
    let waker = this.#wakers.get(queue);
    if (!waker) this.#wakers.set(queue, (waker = new AbortController()));
    return waker.signal;
  }

  wake(queue: string): void {
    this.#wakers.get(queue)?.abort(WOKEN);
    this.#wakers.delete(queue);
  }

  /** Consumers must have ended. */
  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
    this.owner[Symbol.dispose]();
  }

  async #whenFree<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    return whenFree(this.path, this.clock, this.#lockWaitMs, work, signal);
  }
}

/** Opens or creates the file. Throws QUEUE_FAILED when it cannot be used. */
export async function openQueueFile(path: string, options: QueueFileOptions = {}): Promise<QueueFile> {
  const clock = options.clock ?? systemClock;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    const opened = db;
    await whenFree(path, clock, options.lockWaitMs ?? 30_000, () => prepareFile(path, opened));
    return new QueueFile(path, db, options);
  } catch (error) {
    db?.close();
    throw queueError(path, error);
  }
}

function prepareFile(path: string, db: DatabaseSync): void {
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  db.exec("BEGIN IMMEDIATE");
  try {
    const version = db.prepare("PRAGMA user_version").get()?.["user_version"];
    if (version === 0) db.exec(`${SCHEMA} PRAGMA user_version = ${VERSION};`);
    else if (version !== VERSION) {
      throw new RouterError(
        "QUEUE_FAILED",
        `The queue file ${path} was made by another version (${Number(version)}).`,
        {
          details: { path },
        },
      );
    }
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** Tries until no other process is in the way. */
async function whenFree<T>(
  path: string,
  clock: Clock,
  waitMs: number,
  work: () => T,
  signal?: AbortSignal,
): Promise<T> {
  const start = clock.now().getTime();
  for (let attempt = 1; ; attempt++) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || clock.now().getTime() - start > waitMs) throw queueError(path, error);
    }
    // Random, so that waiting processes do not meet again.
    await clock.sleep(Math.min(LONGEST_RETRY_MS, attempt * 5) * (0.5 + Math.random()), signal);
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" && BUSY_CODES.includes(code & 0xff);
}

function queueError(path: string, error: unknown): RouterError {
  if (error instanceof RouterError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new RouterError("QUEUE_FAILED", `The queue file ${path} failed: ${text}.`, {
    retryable: true,
    details: { path },
    cause: error,
  });
}
