// What a queue that keeps its own messages (memory, SQLite) does for the consumer loop in queue-consumer.ts.
import { RouterError } from "../errors/router-error.ts";
import type { QueueMessage } from "../ports/queue.ts";

/** A message in the hands of a handler. `lease` tells this delivery from later ones of the same message. */
export interface Delivery {
  readonly message: QueueMessage;
  readonly lease: string;
}

/** What to write about one delivery. `settle` and `kill` hold for the message, whoever has it by now; `show` only under its lease. */
export type Verdict =
  | { readonly kind: "settle" }
  /** Visible again after `delayMs`. `undo`: the delivery does not count (the consumer was aborted). */
  | {
      readonly kind: "show";
      readonly delayMs: number;
      readonly reason: string | undefined;
      readonly undo: boolean;
    }
  | { readonly kind: "kill"; readonly reason: string };

export interface QueueBackend {
  readonly name: string;
  /** Leases up to `max` due messages, oldest first; moves those that have used up their deliveries to the dead letters. */
  receive(max: number, visibilityMs: number): Promise<readonly Delivery[]>;
  /** Leases still held are held for `visibilityMs` from now on. */
  extend(deliveries: readonly Delivery[], visibilityMs: number): Promise<void>;
  conclude(delivery: Delivery, verdict: Verdict): Promise<void>;
  /** Resolves when something may have become due, or by itself after a while; early when the signal fires (without an error). */
  idle(signal: AbortSignal): Promise<void>;
}

/** Longest message in bytes: what SQS takes (since August 2025). */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** Control characters but tab, newline and carriage return, and the two non-characters: outside XML 1.0. */
// oxlint-disable-next-line no-control-regex -- control characters are the point
const OUTSIDE_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/**
 * Throws QUEUE_FAILED for a body that SQS would refuse: empty, too long, or with characters outside XML 1.0. What runs on a laptop
 * must run on AWS.
 */
export function assertSendable(queue: string, body: string): void {
  const problem =
    body === ""
      ? "is empty"
      : Buffer.byteLength(body, "utf8") > MAX_MESSAGE_BYTES
        ? `is longer than ${MAX_MESSAGE_BYTES} bytes`
        : !body.isWellFormed() || OUTSIDE_XML.test(body)
          ? "has characters that queues refuse (NUL, control characters, lone surrogates)"
          : undefined;
  if (problem) throw new RouterError("QUEUE_FAILED", `A message for queue ${queue} ${problem}.`);
}

/** Reason kept for a delivery that was neither settled nor given back before its visibility time-out. */
export const LEASE_EXPIRED = "not settled within its visibility time-out; its process may have died";

/** Default pause before the next delivery of a message whose handler threw: 1 s, doubled with each delivery up to 5 minutes. */
export function defaultBackoffSeconds(receiveCount: number): number {
  return Math.min(300, 2 ** (receiveCount - 1));
}

/** Deliveries before a message goes to the dead letters, unless the composition says otherwise. */
export const DEFAULT_MAX_RECEIVES = 5;
