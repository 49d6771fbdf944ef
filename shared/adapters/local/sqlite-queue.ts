// Queue on SQLite: a message is a row, a delivery is a lease on it until `visible_at`. Whoever leases writes first, so that no two
// processes have a message at the same time unless its visibility time-out has passed.
import type { SQLOutputValue } from "node:sqlite";
import type {
  Consumer,
  ConsumeOptions,
  DeadLetter,
  MessageHandler,
  Queue,
  QueueDepth,
} from "../../ports/queue.ts";
import {
  assertSendable,
  DEFAULT_MAX_RECEIVES,
  defaultBackoffSeconds,
  LEASE_EXPIRED,
  type Delivery,
  type QueueBackend,
  type Verdict,
} from "../queue-backend.ts";
import { QueueConsumer } from "../queue-consumer.ts";
import type { QueueFile } from "./queue-file.ts";
import { QueueOwner } from "./queue-owner.ts";
import * as sql from "./queue-statements.ts";

export interface SqliteQueueOptions {
  /** Deliveries before a message goes to the dead letters. Default 5. */
  readonly maxReceives?: number;
  /** Pause before the next delivery of a message whose handler threw. Default: 1 s, doubled each time up to 5 minutes. */
  readonly backoffSeconds?: (receiveCount: number) => number;
}

/** Other processes' messages are noticed by looking; the pause between looks doubles while there are none. */
const SHORTEST_POLL_MS = 10;
const LONGEST_POLL_MS = 250;
/** How often an idle consumer looks whether other consumers' processes still live. */
const OWNERS_POLL_MS = 1_000;

export class SqliteQueue implements Queue, QueueBackend {
  readonly name: string;
  readonly #file: QueueFile;
  readonly #options: SqliteQueueOptions;
  readonly #maxReceives: number;
  #pollMs = SHORTEST_POLL_MS;
  #ownersLookedAt = 0;

  constructor(file: QueueFile, name: string, options: SqliteQueueOptions) {
    this.name = name;
    this.#file = file;
    this.#options = options;
    this.#maxReceives = options.maxReceives ?? DEFAULT_MAX_RECEIVES;
  }

  async send(
    bodies: readonly string[],
    options: { readonly delaySeconds?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    for (const body of bodies) assertSendable(this.name, body);
    for (let from = 0; from < bodies.length; from += sql.ROWS_PER_TRANSACTION) {
      const now = this.#now();
      const visibleAt = now + Math.round((options.delaySeconds ?? 0) * 1000);
      const insertAll = (): void => {
        const insert = this.#file.statement(sql.INSERT);
        for (const body of bodies.slice(from, from + sql.ROWS_PER_TRANSACTION)) {
          insert.run(this.name, body, now, visibleAt);
        }
      };
      await (bodies.length === 1
        ? this.#file.write(insertAll)
        : this.#file.transaction(insertAll, options.signal));
      this.#file.wake(this.name);
    }
  }

  consume(handler: MessageHandler, options: ConsumeOptions): Consumer {
    return new QueueConsumer(this, handler, {
      ...options,
      clock: this.#file.clock,
      maxReceives: this.#maxReceives,
      backoffSeconds: this.#options.backoffSeconds ?? defaultBackoffSeconds,
      onError: this.#file.onError,
    });
  }

  async depth(signal?: AbortSignal): Promise<QueueDepth> {
    const counts = await this.#file.single(
      () => this.#file.statement(sql.DEPTH).get({ queue: this.name, now: this.#now() }),
      signal,
    );
    const count = (name: string): number => Number(counts?.[name] ?? 0);
    return {
      visible: count("visible"),
      inFlight: count("in_flight"),
      delayed: count("delayed"),
      dead: count("dead"),
    };
  }

  async deadLetters(limit: number, signal?: AbortSignal): Promise<readonly DeadLetter[]> {
    const rows = await this.#file.single(
      () => this.#file.statement(sql.DEAD_LETTERS).all(this.name, limit),
      signal,
    );
    return rows.map((row) => ({
      id: String(row["id"]),
      body: String(row["body"]),
      receiveCount: Number(row["receives"]),
      sentAt: new Date(Number(row["sent_at"])),
      deadAt: new Date(Number(row["dead_at"])),
      ...(row["last_error"] === null ? {} : { reason: String(row["last_error"]) }),
    }));
  }

  async redrive(signal?: AbortSignal): Promise<number> {
    for (let moved = 0; ;) {
      const { changes } = await this.#file.single(
        () => this.#file.statement(sql.REDRIVE).run(this.#now(), this.name),
        signal,
      );
      if (changes === 0) return moved;
      moved += Number(changes);
      this.#file.wake(this.name);
    }
  }

  async receive(max: number, visibilityMs: number): Promise<readonly Delivery[]> {
    const limit = Math.min(max, sql.ROWS_PER_TRANSACTION);
    // A look takes no lock; only when there is something to lease are other processes kept waiting.
    const due = await this.#file.single(() => this.#file.statement(sql.DUE).all(this.name, this.#now(), 1));
    if (due.length === 0 && !(await this.#freeEnded())) return [];
    const deliveries = await this.#file.transaction(() => this.#lease(limit, visibilityMs));
    if (deliveries.length > 0) this.#pollMs = SHORTEST_POLL_MS;
    return deliveries;
  }

  /** Makes the messages of processes that have ended visible. Their leases stay, so that the next delivery tells what happened. */
  async #freeEnded(): Promise<boolean> {
    const now = this.#now();
    if (now - this.#ownersLookedAt < OWNERS_POLL_MS) return false;
    this.#ownersLookedAt = now;
    const leases = await this.#file.single(() => this.#file.statement(sql.LEASES).all(this.name, now));
    const ended = new Map<string, boolean>();
    let freed = 0;
    for (const { lease } of leases) {
      const owner = QueueOwner.ofLease(String(lease));
      if (!ended.has(owner)) ended.set(owner, this.#file.owner.hasEnded(owner));
      if (!ended.get(owner)) continue;
      const { changes } = await this.#file.single(() =>
        this.#file.statement(sql.FREE).run(now, this.name, now, String(lease)),
      );
      freed += Number(changes);
    }
    return freed > 0;
  }

  #lease(limit: number, visibilityMs: number): Delivery[] {
    const now = this.#now();
    const lease = this.#file.owner.newLease();
    const deliveries: Delivery[] = [];
    let killed = 0;
    for (let before = -1; killed > before && deliveries.length < limit;) {
      before = killed;
      // Where used-up messages took the place of others, look again.
      for (const row of this.#file.statement(sql.DUE).all(this.name, now, limit - deliveries.length)) {
        const { id = null, receives, expired = null } = row;
        if (Number(receives) >= this.#maxReceives) {
          this.#file.statement(sql.KILL).run(now, expired ? LEASE_EXPIRED : null, id);
          killed++;
          continue;
        }
        const leased = this.#file
          .statement(sql.LEASE)
          .get(now + visibilityMs, lease, expired, LEASE_EXPIRED, id);
        if (leased) deliveries.push(toDelivery(leased, lease));
      }
      if (killed >= sql.ROWS_PER_TRANSACTION) break;
    }
    return deliveries;
  }

  async extend(deliveries: readonly Delivery[], visibilityMs: number): Promise<void> {
    for (let from = 0; from < deliveries.length; from += sql.ROWS_PER_TRANSACTION) {
      await this.#file.transaction(() => {
        const extend = this.#file.statement(sql.EXTEND);
        const visibleAt = this.#now() + visibilityMs;
        for (const { message, lease } of deliveries.slice(from, from + sql.ROWS_PER_TRANSACTION)) {
          extend.run(visibleAt, Number(message.id), lease);
        }
      });
    }
  }

  async conclude(delivery: Delivery, verdict: Verdict): Promise<void> {
    const id = Number(delivery.message.id);
    await this.#file.write(() => {
      const now = this.#now();
      if (verdict.kind === "settle") this.#file.statement(sql.SETTLE).run(id);
      else if (verdict.kind === "kill") this.#file.statement(sql.KILL).run(now, verdict.reason, id);
      else {
        const visibleAt = now + Math.round(verdict.delayMs);
        this.#file
          .statement(sql.SHOW)
          .run(visibleAt, verdict.reason ?? null, verdict.undo ? 1 : 0, id, delivery.lease);
      }
    });
    if (verdict.kind === "show") this.#file.wake(this.name);
  }

  async idle(signal: AbortSignal): Promise<void> {
    const woken = this.#file.wakeSignal(this.name);
    await this.#file.clock.sleep(this.#pollMs, AbortSignal.any([signal, woken])).catch(() => undefined);
    this.#pollMs = woken.aborted ? SHORTEST_POLL_MS : Math.min(LONGEST_POLL_MS, this.#pollMs * 2);
  }

  #now(): number {
    return this.#file.clock.now().getTime();
  }
}

function toDelivery(row: Record<string, SQLOutputValue>, lease: string): Delivery {
  return {
    lease,
    message: {
      id: String(row["id"]),
      body: String(row["body"]),
      receiveCount: Number(row["receives"]),
      sentAt: new Date(Number(row["sent_at"])),
      ...(row["last_error"] === null ? {} : { lastError: String(row["last_error"]) }),
    },
  };
}
