// What becomes of one message of the load queue: which receipts it announces, and how their end settles it.
import { parseReceiptKey, ROUTED_PREFIXES } from "../../shared/contracts/keys.ts";
import { parseNotification, type NotifiedObject } from "../../shared/contracts/notification.ts";
import { isRouterError } from "../../shared/errors/router-error.ts";
import type { Outcome, QueueMessage } from "../../shared/ports/queue.ts";
import { messageOf } from "./run-job.ts";

/** The receipts that a message announces, or why it is nobody's. */
export type Announced =
  /** `skipped`: objects and deletions told of that are nobody's work. */
  | { readonly kind: "receipts"; readonly objects: readonly NotifiedObject[]; readonly skipped: number }
  | { readonly kind: "foreign"; readonly reason: string };

/** Notifications on other prefixes of the routed bucket are passed over: that they come is a matter of how S3 was set up, nothing is lost. */
export function receiptsIn(message: Pick<QueueMessage, "body">, routedBucket: string): Announced {
  const notification = parseNotification(message.body);
  if (notification.kind === "foreign") return notification;
  if (notification.kind === "test") return { kind: "receipts", objects: [], skipped: 0 };
  if (notification.kind === "verb") return foreign("an operator's verb is for the splitter's queue");
  const receipts: NotifiedObject[] = [];
  let skipped = notification.ignored;
  for (const object of notification.objects) {
    if (object.bucket !== routedBucket)
      return foreign(`bucket ${object.bucket} is not the routed bucket ${routedBucket}`);
    if (parseReceiptKey(object.key)) receipts.push(object);
    else if (isOurs(object.key)) skipped += 1;
    else return foreign("an object of the routed bucket is under none of its prefixes");
  }
  return { kind: "receipts", objects: receipts, skipped };
}

function isOurs(key: string): boolean {
  return ROUTED_PREFIXES.some((prefix) => key.startsWith(prefix) && prefix !== "receipts/");
}

function foreign(reason: string): Announced {
  return { kind: "foreign", reason };
}

const LONGEST_DELAY_SECONDS = 300;

/** The outcome of a message one of whose receipts failed with `error`. */
export function outcomeOf(error: unknown, receiveCount: number): Outcome {
  const reason = messageOf(error);
  const isHopeless =
    (isRouterError(error, "RECEIPT_INVALID") && !error.retryable) || isRouterError(error, "OBJECT_GONE");
  if (isHopeless) return { kind: "dead", reason };
  return {
    kind: "retry",
    reason,
    delaySeconds: Math.min(LONGEST_DELAY_SECONDS, 2 ** Math.min(10, receiveCount - 1)),
  };
}
