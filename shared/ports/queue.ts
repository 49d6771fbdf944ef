// What the workers need of a queue: at least once, unordered, visibility time-out, dead letters. Contract: test/contract/queue.ts.

export interface QueueMessage {
  readonly id: string;
  readonly body: string;
  /** 1 on the first delivery. */
  readonly receiveCount: number;
  readonly sentAt: Date;
  /** Reason of the last failed delivery, where the adapter keeps it. */
  readonly lastError?: string;
}

/**
 * What becomes of a delivered message. `settled`: its work is durable, delete it. `retry`: make it visible again after
 * `delaySeconds`; after the queue's `maxReceives` deliveries it goes to the dead letters with `reason`. `dead`: it can never
 * succeed, move it to the dead letters now. A handler that throws is a `retry` with the adapter's back-off.
 */
export type Outcome =
  | { readonly kind: "settled" }
  | { readonly kind: "retry"; readonly reason: string; readonly delaySeconds?: number }
  | { readonly kind: "dead"; readonly reason: string };

/** The adapter extends the message's visibility until the returned promise ends. `signal` fires when the consumer aborts. */
export type MessageHandler = (message: QueueMessage, signal: AbortSignal) => Promise<Outcome>;

export interface ConsumeOptions {
  /**
   * Messages handled at the same time at the most; a slow one never holds back the others. A function is asked before each receive, and must allow one more
   * when none is in hand.
   */
  readonly concurrency: number | (() => number);
  /** A message not settled by then (and not extended, because the process died) is delivered again. */
  readonly visibilitySeconds: number;
}

/** Messages that may be in hand now. */
export function mostInHand({ concurrency }: ConsumeOptions): number {
  return typeof concurrency === "function" ? concurrency() : concurrency;
}

export interface Consumer extends AsyncDisposable {
  /** Stops receiving until `resume`; messages in hand go on. */
  pause(): void;
  resume(): void;
  /** Messages being handled now. */
  readonly inFlight: number;
  /**
   * Receives in a row that asked all of the queue and brought nothing; 0 again with each message and each failure. Where `depth` is
   * approximate, this is the proof that nothing waits; undefined where `depth` is exact.
   */
  readonly emptyReceives?: number;
  /** Stops receiving, waits until every handler has ended and its outcome is written. */
  drain(): Promise<void>;
  /** Fires every handler's signal, waits for them; what they did not settle becomes visible at once. */
  abort(): Promise<void>;
}

export interface QueueDepth {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly dead: number;
}

export interface DeadLetter {
  readonly id: string;
  readonly body: string;
  readonly receiveCount: number;
  readonly sentAt: Date;
  readonly deadAt: Date;
  readonly reason?: string;
}

export interface Queue {
  /** The queue's name or URL, for messages to people. */
  readonly name: string;
  send(
    bodies: readonly string[],
    options?: { readonly delaySeconds?: number; readonly signal?: AbortSignal },
  ): Promise<void>;
  consume(handler: MessageHandler, options: ConsumeOptions): Consumer;
  depth(signal?: AbortSignal): Promise<QueueDepth>;
  /** Dead letters, oldest first. */
  deadLetters(limit: number, signal?: AbortSignal): Promise<readonly DeadLetter[]>;
  /** Moves dead letters back; returns how many. */
  redrive(signal?: AbortSignal): Promise<number>;
}
