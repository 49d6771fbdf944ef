// The messages in hand: their handlers, the heartbeat that keeps them invisible, and what becomes of each when its handler ends.
import type { Message } from "@aws-sdk/client-sqs";
import type { Clock } from "../../ports/clock.ts";
import type { MessageHandler, Outcome, QueueMessage } from "../../ports/queue.ts";
import type { Held, SqsRequests } from "./sqs-requests.ts";

/** SQS lets a message be invisible for 12 hours from its receipt, whatever is extended; it is let go a little before. */
const LONGEST_HOLD_MS = 11.75 * 3600 * 1000;
/** Reasons kept in memory. */
const KEPT_REASONS = 10_000;
/** Longest visibility time-out that SQS takes. */
const MAX_VISIBILITY_SECONDS = 43_200;

/** Of a handler that said nothing, types or no types: what is not said to be settled is not deleted. */
const NO_OUTCOME: Outcome = { kind: "retry", reason: "the handler gave no outcome" };

export interface InFlightOptions {
  readonly requests: SqsRequests;
  readonly clock: Clock;
  readonly visibilitySeconds: number;
  /** Moves a message to the dead letters with its reason; true when that was done and the message may be deleted. */
  readonly bury: (message: QueueMessage, reason: string) => Promise<boolean>;
  /** Deliveries after which a retry is a burial. */
  readonly maxReceives: number;
  /** Told of what went wrong beside the messages: a failed heartbeat, a delete that did not work. */
  readonly warn: (what: string, error: unknown) => void;
  /** Called whenever a message has left. */
  readonly onLeave: () => void;
}

export class InFlight {
  readonly #options: InFlightOptions;
  readonly #held = new Map<string, Held & { readonly since: number }>();
  readonly #abort = new AbortController();
  /** Why messages were let go the last time, as far as this process knows: SQS keeps nothing beside a message. Oldest forgotten first. */
  readonly #reasons = new Map<string, string>();
  readonly #work = new Set<Promise<void>>();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(options: InFlightOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#work.size;
  }

  /** Starts the handler of a delivered message; never throws and never waits for it. */
  start(message: Message, handler: MessageHandler): void {
    const queueMessage = toQueueMessage(message, this.#reasons.get(message.MessageId ?? ""));
    const held = {
      id: queueMessage.id,
      receiptHandle: message.ReceiptHandle ?? "",
      since: this.#options.clock.now().getTime(),
    };
    this.#held.set(held.receiptHandle, held);
    this.#heartbeat ??= setInterval(() => void this.#beat(), (this.#options.visibilitySeconds * 1000) / 3);
    const work = this.#handle(queueMessage, held, handler).finally(() => {
      this.#work.delete(work);
      if (this.#work.size === 0) {
        clearInterval(this.#heartbeat);
        this.#heartbeat = undefined;
      }
      this.#options.onLeave();
    });
    this.#work.add(work);
  }

  /** Resolves when every handler has ended and its outcome is written. */
  async drained(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  /** Fires the handlers' signal; messages that they do not settle become visible at once. */
  abort(): void {
    this.#abort.abort();
  }

  async #handle(message: QueueMessage, held: Held, handler: MessageHandler): Promise<void> {
    const { requests, warn } = this.#options;
    let outcome: Outcome;
    try {
      // The poll under way when the consumer aborts may still bring some: they go back as they came.
      outcome = this.#abort.signal.aborted
        ? { kind: "retry", reason: "the consumer was stopped" }
        : ((await handler(message, this.#abort.signal)) ?? NO_OUTCOME);
    } catch (error) {
      outcome = { kind: "retry", reason: error instanceof Error ? error.message : String(error) };
    }
    // From here on the heartbeat must not extend what is being let go.
    this.#held.delete(held.receiptHandle);
    this.#remember(message.id, outcome);
    try {
      const settled = outcome.kind === "settled" || (await this.#buried(message, outcome));
      if (!settled) return await this.#release(message, held, outcome);
      const lost = await requests.delete([held]);
      if (lost.length > 0)
        warn("a settled message could not be deleted and will be delivered again", lost[0]);
    } catch (error) {
      warn("the outcome of a message could not be written; it will be delivered again", error);
    }
  }

  #remember(id: string, outcome: Outcome): void {
    this.#reasons.delete(id);
    if (outcome.kind !== "retry") return;
    this.#reasons.set(id, outcome.reason);
    const oldest = this.#reasons.keys().next();
    if (this.#reasons.size > KEPT_REASONS && !oldest.done) this.#reasons.delete(oldest.value);
  }

  async #buried(message: QueueMessage, outcome: Outcome): Promise<boolean> {
    if (outcome.kind === "settled" || this.#abort.signal.aborted) return outcome.kind === "settled";
    const last = message.receiveCount >= this.#options.maxReceives;
    if (outcome.kind === "retry" && !last) return false;
    return this.#options.bury(message, outcome.reason);
  }

  async #release(message: QueueMessage, held: Held, outcome: Outcome): Promise<void> {
    const asked = outcome.kind === "retry" ? outcome.delaySeconds : undefined;
    const seconds = this.#abort.signal.aborted ? 0 : (asked ?? backOffSeconds(message.receiveCount));
    await this.#options.requests.changeVisibility(
      [held],
      Math.min(MAX_VISIBILITY_SECONDS, Math.ceil(seconds)),
    );
  }

  async #beat(): Promise<void> {
    const now = this.#options.clock.now().getTime();
    const due = [...this.#held.values()].filter((held) => now - held.since < LONGEST_HOLD_MS);
    try {
      const lost = await this.#options.requests.changeVisibility(due, this.#options.visibilitySeconds);
      // A message that ended in the meantime fails here too, and rightly.
      for (const id of lost) {
        if (due.some((held) => held.id === id && this.#held.has(held.receiptHandle)))
          this.#options.warn("the visibility of a message could not be extended", id);
      }
    } catch (error) {
      this.#options.warn("the visibility of messages in hand could not be extended", error);
    }
  }
}

/** Pause before a failed message comes back: 2, 4, 8 … seconds, at most 15 minutes. */
function backOffSeconds(receiveCount: number): number {
  return Math.min(900, 2 ** Math.min(receiveCount, 20)) * (0.75 + Math.random() / 4);
}

function toQueueMessage(message: Message, lastError: string | undefined): QueueMessage {
  const sent = Number(message.Attributes?.SentTimestamp ?? Number.NaN);
  return {
    id: message.MessageId ?? "",
    body: message.Body ?? "",
    receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
    sentAt: new Date(Number.isFinite(sent) ? sent : 0),
    ...(lastError === undefined ? {} : { lastError }),
  };
}
