// Receiving, by sqs-consumer. Its handler only hands messages over and waits until there is room again, so that a slow message never
// holds back its batch; deleting and heartbeats are ours (sqs-in-flight.ts). Its `stop` is never called with abort: an aborted long
// poll can swallow a message until its visibility ends.
import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import { Consumer as SqsConsumer } from "sqs-consumer";
import { queueError } from "./sqs-requests.ts";

const MAX_BATCH = 10;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
/** Where access is denied or requests are throttled. */
const DENIED_PAUSE_MS = 5_000;

export interface PollingOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly visibilitySeconds: number;
  /** Length of the long poll. */
  readonly waitSeconds: number;
  /** Messages that may be taken now. */
  readonly room: () => number;
  /** Takes a message at once, without waiting for its work. */
  readonly take: (message: Message) => void;
  readonly warn: (what: string, error: unknown) => void;
}

export class Polling {
  /** Long polls in a row that brought nothing: each has asked every server of the queue. */
  emptyReceives = 0;
  readonly #consumer: SqsConsumer;
  readonly #options: PollingOptions;
  #wake: (() => void) | undefined;
  #pauseMs = 0;
  #stopping = false;

  constructor(options: PollingOptions) {
    this.#options = options;
    this.#consumer = SqsConsumer.create({
      queueUrl: options.queueUrl,
      sqs: options.client,
      batchSize: batchSize(options.room()),
      waitTimeSeconds: options.waitSeconds,
      visibilityTimeout: options.visibilitySeconds,
      messageSystemAttributeNames: ["ApproximateReceiveCount", "SentTimestamp"],
      authenticationErrorTimeout: DENIED_PAUSE_MS,
      shouldDeleteMessages: false,
      suppressFifoWarning: true,
      handleMessageBatch: (messages) => this.#handOver(messages),
    });
    this.#consumer.on("error", (error) => this.#refused(error));
    this.#consumer.on("empty", () => {
      this.emptyReceives += 1;
      this.#answered();
    });
    this.#consumer.on("response_processed", () => this.#answered());
  }

  start(): void {
    this.#stopping = false;
    this.#consumer.start();
  }

  /** Resolves when the poll under way has ended and its messages have been handed over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.roomMade();
    this.#consumer.stop();
    while (this.#consumer.status.isPolling) await this.#pollEnds();
  }

  /** Says that `room` may have grown. */
  roomMade(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async #handOver(messages: Message[]): Promise<Message[]> {
    this.emptyReceives = 0;
    for (const message of messages) this.#options.take(message);
    while (!this.#stopping && this.#options.room() <= 0) {
      await new Promise<void>((resolve) => void (this.#wake = resolve));
    }
    const batch = batchSize(this.#options.room());
    this.#consumer.updateOption("batchSize", batch);
    return [];
  }

  /**
   * The library goes on at once after most errors (hundreds a second on a refused connection): the pause is ours, and doubles. It takes
   * effect one poll late. Where access is denied or requests are throttled, the library pauses by itself.
   */
  #refused(error: unknown): void {
    this.emptyReceives = 0;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    this.#consumer.updateOption("pollingWaitTimeMs", this.#pauseMs);
    const { warn, queueUrl } = this.#options;
    warn("receiving failed; it is tried again after a pause", queueError("receiving from", queueUrl, error));
  }

  #answered(): void {
    if (this.#pauseMs === 0) return;
    this.#pauseMs = 0;
    this.#consumer.updateOption("pollingWaitTimeMs", 0);
  }

  #pollEnds(): Promise<void> {
    const consumer = this.#consumer;
    return new Promise((resolve) => {
      const events = ["empty", "response_processed", "error"] as const;
      const done = (): void => {
        for (const event of events) consumer.off(event, done);
        setImmediate(resolve); // isPolling falls in a `finally` after the event
      };
      for (const event of events) consumer.on(event, done);
    });
  }
}

function batchSize(room: number): number {
  return Math.max(1, Math.min(MAX_BATCH, room));
}
