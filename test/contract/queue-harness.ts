// A queue under test, with what the suites need around it.
import type {
  ConsumeOptions,
  Consumer,
  MessageHandler,
  Queue,
  QueueMessage,
} from "../../shared/ports/queue.ts";

/** Queues under test. Time is the adapter's: real, or a clock that `until` moves on. Disposed after each test. */
export interface QueueHarness extends AsyncDisposable {
  /** An empty queue of its own. Messages whose handler threw come back within a second or two. */
  queue(options?: { readonly maxReceives?: number }): Promise<Queue>;
  /** Waits, or moves the clock on, until the condition holds. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  /** Milliseconds on the adapter's clock. */
  now(): number;
  /** True when `lastError` and the dead letters' `reason` are kept. */
  readonly keepsReasons: boolean;
  /** False where counts lag behind (SQS). */
  readonly exactDepth: boolean;
  /** False where a message that was moved back from the dead letters keeps its receive count (LocalStack; AWS makes it a new message). */
  readonly countsAnew?: boolean;
}

export const bodies = (count: number, prefix = "m"): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
export const settled = { kind: "settled" } as const;

/** Consumers of one test, ended with it. */
export class QueueBench implements AsyncDisposable {
  readonly harness: QueueHarness;
  readonly #consumers: Consumer[] = [];

  constructor(harness: QueueHarness) {
    this.harness = harness;
  }

  consume(queue: Queue, handler: MessageHandler, options: Partial<ConsumeOptions> = {}): Consumer {
    const consumer = queue.consume(handler, { concurrency: 10, visibilitySeconds: 30, ...options });
    this.#consumers.push(consumer);
    return consumer;
  }

  /** Consumes and settles everything, keeping what came. */
  collect(queue: Queue, options: Partial<ConsumeOptions> = {}): QueueMessage[] {
    const messages: QueueMessage[] = [];
    const handler: MessageHandler = async (message) => {
      messages.push(message);
      return settled;
    };
    this.consume(queue, handler, options);
    return messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#consumers.splice(0).map((consumer) => consumer.abort()));
    await this.harness[Symbol.asyncDispose]();
  }
}
