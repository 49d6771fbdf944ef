// Queue on SQS (standard queues). The dead-letter queue is found from the queue's redrive policy; a message that is given up is moved
// there by us, with its reason as an attribute; SQS itself moves those whose workers died (its redrive policy).
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  StartMessageMoveTaskCommand,
  type Message,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  mostInHand,
  type ConsumeOptions,
  type Consumer,
  type DeadLetter,
  type MessageHandler,
  type Queue,
  type QueueMessage,
} from "../../ports/queue.ts";
import { InFlight } from "./sqs-in-flight.ts";
import { Polling } from "./sqs-polling.ts";
import { createSqsRequests, queueError, type Held } from "./sqs-requests.ts";

export interface SqsQueueOptions {
  readonly clock: Clock;
  /** Deliveries before a failing message is moved to the dead letters; the queue's redrive policy should allow at least as many. */
  readonly maxReceives: number;
  readonly warn: (what: string, error: unknown) => void;
  /** Length of the long poll. Default 5: stopping waits for it to end, and has to stay within a container's stop time. */
  readonly waitSeconds?: number;
}

const REASON = "log_router_reason";
const RECEIVES = "log_router_receives";
const SENT_AT = "log_router_sent_at";
/** SQS cuts nothing: keep the reason well under a message's size. */
const MAX_REASON = 4000;

export function createSqsQueue(client: SQSClient, queueUrl: string, options: SqsQueueOptions): Queue {
  const { clock, warn } = options;
  const requests = createSqsRequests(client, queueUrl, clock);
  let deadUrl: Promise<string | undefined> | undefined;

  /** Looked up once, from the redrive policy. */
  const deadLetterUrl = (): Promise<string | undefined> => {
    deadUrl ??= findDeadLetterUrl(client, queueUrl).catch((error: unknown) => {
      deadUrl = undefined;
      throw queueError("looking up the dead-letter queue of", queueUrl, error);
    });
    return deadUrl;
  };

  async function bury(message: QueueMessage, reason: string): Promise<boolean> {
    const url = await deadLetterUrl();
    if (url === undefined) return false;
    const text = (value: string) => ({ DataType: "String", StringValue: value === "" ? "-" : value });
    await createSqsRequests(client, url, clock).send([
      {
        MessageBody: message.body,
        MessageAttributes: {
          [REASON]: text(printable(reason).slice(0, MAX_REASON)),
          [RECEIVES]: text(String(message.receiveCount)),
          [SENT_AT]: text(message.sentAt.toISOString()),
        },
      },
    ]);
    return true;
  }

  function consume(handler: MessageHandler, consumeOptions: ConsumeOptions): Consumer {
    const inFlight = new InFlight({
      requests,
      clock,
      warn,
      bury,
      maxReceives: options.maxReceives,
      visibilitySeconds: consumeOptions.visibilitySeconds,
      onLeave: () => polling.roomMade(),
    });
    const polling = new Polling({
      client,
      queueUrl,
      warn,
      waitSeconds: options.waitSeconds ?? 5,
      visibilitySeconds: consumeOptions.visibilitySeconds,
      room: () => mostInHand(consumeOptions) - inFlight.size,
      take: (message) => inFlight.start(message, handler),
    });
    let paused: Promise<void> | undefined;
    let ended = false;
    polling.start();
    const drain = async (): Promise<void> => {
      ended = true;
      await (paused ?? polling.stop());
      await inFlight.drained();
    };
    return {
      pause: () => void (paused ??= polling.stop()),
      resume: () => {
        const stopping = paused;
        if (stopping === undefined) return;
        void stopping.then(() => {
          if (ended || paused !== stopping) return;
          paused = undefined;
          polling.start();
        });
      },
      get inFlight() {
        return inFlight.size;
      },
      get emptyReceives() {
        return polling.emptyReceives;
      },
      drain,
      async abort() {
        inFlight.abort();
        await drain();
      },
      [Symbol.asyncDispose]: drain,
    };
  }

  async function depth(signal?: AbortSignal) {
    const names = [
      "ApproximateNumberOfMessages",
      "ApproximateNumberOfMessagesNotVisible",
      "ApproximateNumberOfMessagesDelayed",
    ] as const;
    const count = async (url: string) =>
      (
        await client
          .send(
            new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }),
            signal ? { abortSignal: signal } : {},
          )
          .catch((error: unknown) => {
            throw queueError("counting", url, error);
          })
      ).Attributes ?? {};
    const dead = await deadLetterUrl();
    const [own, theirs] = await Promise.all([count(queueUrl), dead === undefined ? {} : count(dead)]);
    const number = (attributes: Partial<Record<string, string>>, name: string) =>
      Number(attributes[name] ?? 0);
    return {
      visible: number(own, names[0]),
      inFlight: number(own, names[1]),
      delayed: number(own, names[2]),
      dead: number(theirs, names[0]) + number(theirs, names[1]),
    };
  }

  return {
    name: queueUrl,
    send: (bodies, sendOptions = {}) =>
      requests.send(
        bodies.map((MessageBody) => ({
          MessageBody,
          DelaySeconds: Math.min(900, sendOptions.delaySeconds ?? 0),
        })),
        sendOptions.signal,
      ),
    consume,
    depth,
    async deadLetters(limit, signal) {
      const url = await deadLetterUrl();
      if (url === undefined) return [];
      const seen = new Map<string, DeadLetter>();
      const held: Held[] = [];
      for await (const message of peek(client, url, limit, signal)) {
        seen.set(message.MessageId ?? "", toDeadLetter(message));
        held.push({ id: message.MessageId ?? "", receiptHandle: message.ReceiptHandle ?? "" });
      }
      await createSqsRequests(client, url, clock).changeVisibility(held, 0);
      return [...seen.values()].toSorted((a, b) => a.deadAt.getTime() - b.deadAt.getTime()).slice(0, limit);
    },
    redrive: async (signal) => redrive(client, queueUrl, await deadLetterUrl(), clock, signal),
  };
}

function printable(text: string): string {
  // SQS refuses control characters and lone surrogates in attribute values.
  // oxlint-disable-next-line no-control-regex
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "�");
}

async function findDeadLetterUrl(client: SQSClient, queueUrl: string): Promise<string | undefined> {
  const answer = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["RedrivePolicy"] }),
  );
  const policy = answer.Attributes?.RedrivePolicy;
  if (!policy) return undefined;
  const { deadLetterTargetArn } = JSON.parse(policy) as { deadLetterTargetArn?: string };
  const [, , , , account, name] = (deadLetterTargetArn ?? "").split(":");
  if (!account || !name) return undefined;
  return (await client.send(new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account })))
    .QueueUrl;
}

/** How long looked-at dead letters stay out of sight should the look not come to its end. */
const PEEK_SECONDS = 30;

async function* peek(
  client: SQSClient,
  url: string,
  limit: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message> {
  for (let got = 0; got < limit;) {
    const answer = await client
      .send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: Math.min(10, limit - got),
          VisibilityTimeout: PEEK_SECONDS,
          WaitTimeSeconds: 1,
          MessageSystemAttributeNames: ["All"],
          MessageAttributeNames: ["All"],
        }),
        signal ? { abortSignal: signal } : {},
      )
      .catch((error: unknown) => {
        throw queueError("reading", url, error);
      });
    const messages = answer.Messages ?? [];
    if (messages.length === 0) return;
    got += messages.length;
    yield* messages;
  }
}

function toDeadLetter(message: Message): DeadLetter {
  const attribute = (name: string) => message.MessageAttributes?.[name]?.StringValue;
  const deadAt = new Date(Number(message.Attributes?.SentTimestamp ?? 0));
  const sentAt = attribute(SENT_AT);
  const reason = attribute(REASON);
  return {
    id: message.MessageId ?? "",
    body: message.Body ?? "",
    receiveCount: Number(attribute(RECEIVES) ?? message.Attributes?.ApproximateReceiveCount ?? 0),
    sentAt: sentAt === undefined ? deadAt : new Date(sentAt),
    deadAt,
    ...(reason === undefined ? {} : { reason }),
  };
}

/**
 * By StartMessageMoveTask, which goes on by itself; where that is not to be had (MiniStack, or the role lacks it) message by
 * message: sent first, deleted then, so that one may be there twice but none is lost.
 */
async function redrive(
  client: SQSClient,
  queueUrl: string,
  deadUrl: string | undefined,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (deadUrl === undefined)
    throw new RouterError("NOT_FOUND", `${queueUrl} has no dead-letter queue: give it a redrive policy`, {
      details: { queue: queueUrl },
    });
  const attributes = (
    await client.send(
      new GetQueueAttributesCommand({
        QueueUrl: deadUrl,
        AttributeNames: ["QueueArn", "ApproximateNumberOfMessages"],
      }),
    )
  ).Attributes;
  try {
    // Messages that we buried have the dead-letter queue itself as their source: the destination has to be named.
    const target = (
      await client.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] }))
    ).Attributes?.QueueArn;
    await client.send(
      new StartMessageMoveTaskCommand({ SourceArn: attributes?.QueueArn, DestinationArn: target }),
    );
    return Number(attributes?.ApproximateNumberOfMessages ?? 0);
  } catch {
    const own = createSqsRequests(client, queueUrl, clock);
    const dead = createSqsRequests(client, deadUrl, clock);
    let moved = 0;
    for await (const message of peek(client, deadUrl, Number.MAX_SAFE_INTEGER, signal)) {
      await own.send([{ MessageBody: message.Body ?? "" }], signal);
      await dead.delete([{ id: message.MessageId ?? "", receiptHandle: message.ReceiptHandle ?? "" }]);
      moved += 1;
    }
    return moved;
  }
}
