// Queue in memory: visibility, receive count and dead letters as on SQS (the contract suite holds it to that). Time comes from the
// clock it is given, so that tests let a visibility time-out pass without waiting.
import { randomUUID } from "node:crypto";
import { systemClock } from "../../runtime/clock.ts";
import type { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
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

export interface MemoryQueueOptions {
  readonly name?: string;
  readonly clock?: Clock;
  /** Default 5. */
  readonly maxReceives?: number;
  readonly backoffSeconds?: (receiveCount: number) => number;
  readonly onError?: (error: RouterError) => void;
}

interface Held {
  readonly id: string;
  readonly body: string;
  readonly sentAt: Date;
  receives: number;
  /** Milliseconds since the epoch. */
  visibleAt: number;
  lease?: string | undefined;
  lastError?: string | undefined;
  deadAt?: number | undefined;
}

export class MemoryQueue implements Queue, QueueBackend {
  readonly name: string;
  readonly #clock: Clock;
  readonly #maxReceives: number;
  readonly #options: MemoryQueueOptions;
  /** In the order of sending. */
  readonly #messages = new Map<string, Held>();
  #changed = new AbortController();

  constructor(options: MemoryQueueOptions = {}) {
    this.name = options.name ?? "memory";
    this.#clock = options.clock ?? systemClock;
    this.#maxReceives = options.maxReceives ?? DEFAULT_MAX_RECEIVES;
    this.#options = options;
  }

  async send(
    bodies: readonly string[],
    options: { readonly delaySeconds?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    for (const body of bodies) assertSendable(this.name, body);
    const now = this.#now();
    for (const body of bodies) {
      const id = randomUUID();
      const visibleAt = now + (options.delaySeconds ?? 0) * 1000;
      this.#messages.set(id, { id, body, sentAt: new Date(now), receives: 0, visibleAt });
    }
    this.#wakeAll();
  }

  consume(handler: MessageHandler, options: ConsumeOptions): Consumer {
    return new QueueConsumer(this, handler, {
      ...options,
      clock: this.#clock,
      maxReceives: this.#maxReceives,
      backoffSeconds: this.#options.backoffSeconds ?? defaultBackoffSeconds,
      onError: this.#options.onError ?? (() => undefined),
    });
  }

  async depth(): Promise<QueueDepth> {
    const now = this.#now();
    const depth = { visible: 0, inFlight: 0, delayed: 0, dead: 0 };
    for (const message of this.#messages.values()) {
      if (message.deadAt !== undefined) depth.dead++;
      else if (message.visibleAt <= now) depth.visible++;
      else if (message.lease === undefined) depth.delayed++;
      else depth.inFlight++;
    }
    return depth;
  }

  async deadLetters(limit: number): Promise<readonly DeadLetter[]> {
    return [...this.#messages.values()]
      .filter((message) => message.deadAt !== undefined)
      .sort((a, b) => a.deadAt! - b.deadAt!)
      .slice(0, limit)
      .map(({ id, body, receives, sentAt, deadAt, lastError }) => ({
        id,
        body,
        receiveCount: receives,
        sentAt,
        deadAt: new Date(deadAt!),
        ...(lastError === undefined ? {} : { reason: lastError }),
      }));
  }

  async redrive(): Promise<number> {
    const dead = [...this.#messages.values()].filter((message) => message.deadAt !== undefined);
    for (const message of dead) {
      message.deadAt = undefined;
      message.receives = 0;
      message.visibleAt = this.#now();
    }
    this.#wakeAll();
    return dead.length;
  }

  async receive(max: number, visibilityMs: number): Promise<readonly Delivery[]> {
    const now = this.#now();
    const deliveries: Delivery[] = [];
    for (const message of this.#due(now)) {
      if (deliveries.length >= max) break;
      if (message.lease !== undefined) message.lastError = LEASE_EXPIRED;
      if (message.receives >= this.#maxReceives) {
        this.#kill(message, message.lastError);
        continue;
      }
      message.receives++;
      message.visibleAt = now + visibilityMs;
      message.lease = randomUUID();
      deliveries.push(toDelivery(message, message.lease));
    }
    return deliveries;
  }

  async extend(deliveries: readonly Delivery[], visibilityMs: number): Promise<void> {
    for (const delivery of deliveries) {
      const message = this.#messages.get(delivery.message.id);
      if (message?.lease === delivery.lease) message.visibleAt = this.#now() + visibilityMs;
    }
  }

  async conclude(delivery: Delivery, verdict: Verdict): Promise<void> {
    const message = this.#messages.get(delivery.message.id);
    if (!message) return;
    if (verdict.kind === "settle") {
      this.#messages.delete(message.id);
    } else if (verdict.kind === "kill") {
      this.#kill(message, verdict.reason);
    } else if (message.lease === delivery.lease) {
      message.lease = undefined;
      message.visibleAt = this.#now() + verdict.delayMs;
      message.lastError = verdict.reason ?? message.lastError;
      if (verdict.undo) message.receives--;
      this.#wakeAll();
    }
  }

  async idle(signal: AbortSignal): Promise<void> {
    const now = this.#now();
    const live = [...this.#messages.values()].filter((message) => message.deadAt === undefined);
    const next = live.reduce((soonest, message) => Math.min(soonest, message.visibleAt), now + 3_600_000);
    await this.#clock
      .sleep(Math.max(0, next - now), AbortSignal.any([signal, this.#changed.signal]))
      .catch(() => undefined);
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #due(now: number): Held[] {
    return [...this.#messages.values()]
      .filter((message) => message.deadAt === undefined && message.visibleAt <= now)
      .sort((a, b) => a.visibleAt - b.visibleAt);
  }

  #kill(message: Held, reason: string | undefined): void {
    if (message.deadAt !== undefined) return;
    message.deadAt = this.#now();
    message.lease = undefined;
    message.lastError = reason ?? message.lastError;
  }

  #wakeAll(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}

function toDelivery(message: Held, lease: string): Delivery {
  return {
    lease,
    message: {
      id: message.id,
      body: message.body,
      receiveCount: message.receives,
      sentAt: message.sentAt,
      ...(message.lastError === undefined ? {} : { lastError: message.lastError }),
    },
  };
}
