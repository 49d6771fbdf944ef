// The SQS calls in batches of ten, each with its partial failures handled: HTTP 200 does not mean that every entry was done.
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type BatchResultErrorEntry,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";

/** SQS takes ten entries a batch. */
const BATCH = 10;
/** Bytes of one request's bodies: the lowest limit in the field (262,144; AWS takes 1 MiB since 2025, emulators and old queues less). */
const REQUEST_BYTES = 256 * 1024;
/** How often entries that failed on their own are sent again. */
const ATTEMPTS = 4;

export interface Held {
  readonly id: string;
  readonly receiptHandle: string;
}

export interface SqsRequests {
  /** Throws QUEUE_FAILED (retryable) unless every body was taken. */
  send(entries: readonly Omit<SendMessageBatchRequestEntry, "Id">[], signal?: AbortSignal): Promise<void>;
  /** Ids of the messages that could not be deleted; they will be delivered again. */
  delete(messages: readonly Held[]): Promise<readonly string[]>;
  /** Ids of the messages whose visibility could not be changed. */
  changeVisibility(messages: readonly Held[], seconds: number): Promise<readonly string[]>;
}

export function createSqsRequests(client: SQSClient, queueUrl: string, clock: Clock): SqsRequests {
  async function inBatches<T>(
    items: readonly T[],
    call: (entries: (T & { Id: string })[]) => Promise<BatchResultErrorEntry[] | undefined>,
    signal?: AbortSignal,
  ): Promise<readonly T[]> {
    const lost: T[] = [];
    for (let at = 0; at < items.length; at += BATCH) {
      let left = items.slice(at, at + BATCH);
      for (let attempt = 1; left.length > 0; attempt += 1) {
        const failed = (await call(left.map((item, index) => ({ ...item, Id: String(index) })))) ?? [];
        const again = failed
          .filter((entry) => entry.SenderFault !== true)
          .map((entry) => left[Number(entry.Id)]!);
        lost.push(
          ...failed.filter((entry) => entry.SenderFault === true).map((entry) => left[Number(entry.Id)]!),
        );
        left = again;
        if (attempt === ATTEMPTS) break;
        if (left.length > 0) await clock.sleep(100 * 2 ** attempt * (0.5 + Math.random()), signal);
      }
      lost.push(...left);
    }
    return lost;
  }

  async function send(
    entries: readonly Omit<SendMessageBatchRequestEntry, "Id">[],
    signal?: AbortSignal,
  ): Promise<void> {
    for (const group of bySize(entries)) {
      const lost = await inBatches(
        group,
        async (Entries) =>
          (
            await client.send(
              new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }),
              signal ? { abortSignal: signal } : {},
            )
          ).Failed,
        signal,
      ).catch((error: unknown) => {
        throw queueError("sending to", queueUrl, error);
      });
      if (lost.length > 0)
        throw new RouterError(
          "QUEUE_FAILED",
          `${queueUrl} did not take ${lost.length} of ${group.length} messages`,
          {
            retryable: true,
            details: { queue: queueUrl },
          },
        );
    }
  }

  return {
    send,
    async delete(messages) {
      const lost = await inBatches(messages, async (held) => {
        const Entries = held.map((message) => ({ Id: message.Id, ReceiptHandle: message.receiptHandle }));
        return (await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }))).Failed;
      });
      return lost.map((message) => message.id);
    },
    async changeVisibility(messages, seconds) {
      const lost = await inBatches(messages, async (held) => {
        const Entries = held.map((message) => ({
          Id: message.Id,
          ReceiptHandle: message.receiptHandle,
          VisibilityTimeout: seconds,
        }));
        return (await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries })))
          .Failed;
      });
      return lost.map((message) => message.id);
    },
  };
}

/** Runs of at most ten entries whose bodies fit one request. */
function* bySize<T extends { MessageBody: string | undefined }>(entries: readonly T[]): Generator<T[]> {
  let group: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.MessageBody ?? "");
    if (group.length > 0 && (group.length === BATCH || bytes + size > REQUEST_BYTES)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(entry);
    bytes += size;
  }
  if (group.length > 0) yield group;
}

interface Verdict {
  readonly code: "ACCESS_DENIED" | "QUEUE_FAILED";
  readonly text: string;
}

const NO_QUEUE: Verdict = {
  code: "QUEUE_FAILED",
  text: "there is no such queue: check its URL (account, region, name)",
};
const DENIED: Verdict = {
  code: "ACCESS_DENIED",
  text: "access denied: the role needs sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility, sqs:GetQueueAttributes and sqs:SendMessage on it, and kms:Decrypt and kms:GenerateDataKey where it is encrypted by a key of your own",
};
const UNKNOWN: Verdict = { code: "ACCESS_DENIED", text: "the credentials are not known to AWS" };
const EXPIRED: Verdict = { code: "ACCESS_DENIED", text: "the credentials have expired" };

/** By the error's `name`, as SQS and AWS's common errors have it. */
const BY_NAME: Readonly<Record<string, Verdict>> = {
  QueueDoesNotExist: NO_QUEUE,
  "AWS.SimpleQueueService.NonExistentQueue": NO_QUEUE,
  AccessDenied: DENIED,
  AccessDeniedException: DENIED,
  KmsAccessDenied: DENIED,
  InvalidClientTokenId: UNKNOWN,
  UnrecognizedClientException: UNKNOWN,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  SignatureDoesNotMatch: { code: "ACCESS_DENIED", text: "the credentials are wrong" },
  InvalidSignatureException: { code: "ACCESS_DENIED", text: "the credentials are wrong" },
  CredentialsProviderError: { code: "ACCESS_DENIED", text: "no credentials were found" },
};

/** Wraps what the SDK threw (also through sqs-consumer, which keeps it as the cause), with the queue's URL. Worth another try always. */
export function queueError(operation: string, queueUrl: string, error: unknown): RouterError {
  if (error instanceof RouterError) return error;
  const thrown = error instanceof Error && error.name === "SQSError" && error.cause ? error.cause : error;
  const name = thrown instanceof Error ? thrown.name : "";
  const text = thrown instanceof Error ? thrown.message || name : String(thrown);
  const verdict = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  const why = verdict ? `${verdict.text} (${text})` : text;
  return new RouterError(verdict?.code ?? "QUEUE_FAILED", `${operation} ${queueUrl}: ${why}`, {
    retryable: true,
    details: { queue: queueUrl, name },
    cause: thrown,
  });
}
