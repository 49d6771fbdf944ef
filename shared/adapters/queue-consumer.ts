// The consumer loop over a queue that keeps its own messages: bounded concurrency, one heartbeat for all messages in hand, drain and
// abort. Outcomes are written before a handler counts as ended, so `drain` proves that nothing is left over.
import { RouterError } from "../errors/router-error.ts";
import type { Clock } from "../ports/clock.ts";
import {
  mostInHand,
  type ConsumeOptions,
  type Consumer,
  type MessageHandler,
  type Outcome,
} from "../ports/queue.ts";
import type { Delivery, QueueBackend, Verdict } from "./queue-backend.ts";

export interface QueueConsumerOptions extends ConsumeOptions {
  readonly clock: Clock;
  /** After as many deliveries a message that fails again goes to the dead letters. */
  readonly maxReceives: number;
  /** Pause before the next delivery of a message whose handler threw, in seconds. */
  readonly backoffSeconds: (receiveCount: number) => number;
  /** Told of what the queue itself could not do; the loop goes on. */
  readonly onError: (error: RouterError) => void;
}

/** Beats per visibility time-out: two may be missed before a message is delivered again. */
const BEATS = 4;
const WRITE_ATTEMPTS = 6;
const LONGEST_PAUSE_MS = 30_000;
/** Longest reason kept: reasons are for people, and some come from errors that quote whole statements. */
const MAX_REASON_LENGTH = 2_000;

/** Without one, each of thousands would be an error with its stack. */
const WOKEN = new RouterError("ABORTED", "There may be something to do.");

export class QueueConsumer implements Consumer {
  readonly #backend: QueueBackend;
  readonly #handler: MessageHandler;
  readonly #options: QueueConsumerOptions;
  readonly #held = new Map<Delivery, Promise<void>>();
  readonly #handlers = new AbortController();
  /** Ends waiting and heartbeat; a message in hand does not hear of it. */
  readonly #stop = new AbortController();
  #paused = false;
  #nudge = Promise.withResolvers<void>();
  #wake = new AbortController();
  readonly #loop: Promise<void>;
  readonly #heartbeat: Promise<void>;
  readonly #beatsEnd = new AbortController();

  constructor(backend: QueueBackend, handler: MessageHandler, options: QueueConsumerOptions) {
    this.#backend = backend;
    this.#handler = handler;
    this.#options = options;
    this.#loop = this.#receiveLoop();
    this.#heartbeat = this.#beat();
  }

  get inFlight(): number {
    return this.#held.size;
  }

  pause(): void {
    this.#paused = true;
    this.#wakeUp();
  }

  resume(): void {
    this.#paused = false;
    this.#wakeUp();
  }

  async drain(): Promise<void> {
    this.#stop.abort();
    this.#wakeUp();
    await this.#loop;
    while (this.#held.size > 0) await Promise.all(this.#held.values());
    this.#beatsEnd.abort();
    await this.#heartbeat;
  }

  async abort(): Promise<void> {
    this.#handlers.abort(new RouterError("ABORTED", `Work on queue ${this.#backend.name} was stopped.`));
    await this.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  /** Anything that the loop waits for may have changed. */
  #wakeUp(): void {
    this.#nudge.resolve();
    this.#nudge = Promise.withResolvers<void>();
    this.#wake.abort(WOKEN);
    this.#wake = new AbortController();
  }

  async #receiveLoop(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const room = mostInHand(this.#options) - this.#held.size;
      if (this.#paused || room <= 0) {
        await this.#nudge.promise;
        // What ended at the same time makes room for one receive together.
        await new Promise(setImmediate);
        continue;
      }
      const wake = this.#wake.signal;
      try {
        const deliveries = await this.#backend.receive(room, this.#visibilityMs);
        failures = 0;
        for (const delivery of deliveries) this.#hold(delivery);
        if (deliveries.length === 0) await this.#backend.idle(wake);
      } catch (error) {
        // Without a pause, a queue that is out of order would be asked hundreds of times a second.
        this.#report("could not receive", error);
        await this.#pause(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures++), wake);
      }
    }
  }

  get #visibilityMs(): number {
    return this.#options.visibilitySeconds * 1000;
  }

  #hold(delivery: Delivery): void {
    const work = this.#work(delivery).finally(() => {
      this.#held.delete(delivery);
      this.#wakeUp();
    });
    this.#held.set(delivery, work);
  }

  /** Never rejects. */
  async #work(delivery: Delivery): Promise<void> {
    const { receiveCount } = delivery.message;
    let outcome: Outcome;
    try {
      outcome = await this.#handler(delivery.message, this.#handlers.signal);
    } catch (error) {
      outcome = {
        kind: "retry",
        reason: error instanceof Error ? error.message : String(error),
        delaySeconds: this.#options.backoffSeconds(receiveCount),
      };
    }
    await this.#write(delivery, this.#verdict(outcome, receiveCount));
  }

  #verdict(outcome: Outcome, receiveCount: number): Verdict {
    if (outcome.kind === "settled") return { kind: "settle" };
    const reason = outcome.reason.slice(0, MAX_REASON_LENGTH).toWellFormed();
    if (outcome.kind === "dead") return { kind: "kill", reason };
    // What an abort interrupted has not failed: it is visible at once and the delivery does not count.
    if (this.#handlers.signal.aborted) return { kind: "show", delayMs: 0, reason: undefined, undo: true };
    if (receiveCount >= this.#options.maxReceives) return { kind: "kill", reason };
    return { kind: "show", delayMs: (outcome.delaySeconds ?? 0) * 1000, reason, undo: false };
  }

  /** Writing is tried again for a while; what cannot be written is delivered again after its visibility time-out. */
  async #write(delivery: Delivery, verdict: Verdict): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#backend.conclude(delivery, verdict);
      } catch (error) {
        if (attempt >= WRITE_ATTEMPTS) return this.#report(`could not ${verdict.kind} a message`, error);
        await this.#pause(100 * 2 ** attempt, this.#beatsEnd.signal);
      }
    }
  }

  async #beat(): Promise<void> {
    while (!this.#beatsEnd.signal.aborted) {
      await this.#pause(this.#visibilityMs / BEATS, this.#beatsEnd.signal);
      if (this.#held.size === 0 || this.#beatsEnd.signal.aborted) continue;
      try {
        await this.#backend.extend([...this.#held.keys()], this.#visibilityMs);
      } catch (error) {
        this.#report("could not extend messages", error);
      }
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(ms, signal).catch(() => undefined);
  }

  #report(what: string, error: unknown): void {
    const { onError } = this.#options;
    onError(
      error instanceof RouterError
        ? error
        : new RouterError("QUEUE_FAILED", `Queue ${this.#backend.name} ${what}.`, {
            retryable: true,
            cause: error,
          }),
    );
  }
}
