// One message of the split queue → its objects split, or the reason why not. The message is settled only when every object in it is.
import { ROUTED_PREFIXES } from "../../shared/contracts/keys.ts";
import { parseNotification, s3Notification, type Notification } from "../../shared/contracts/notification.ts";
import { isRouterError } from "../../shared/errors/router-error.ts";
import type { ObjectRef } from "../../shared/ports/object-store.ts";
import type { Outcome, Queue, QueueMessage } from "../../shared/ports/queue.ts";
import type { PipelineObserver, SourceSplit } from "../../shared/runtime/observer.ts";
import {
  attemptLost,
  messageForeign,
  objectGone,
  objectSplit,
  objectsSkipped,
  receiptFound,
  splitPutOff,
  type Telemetry,
} from "./events.ts";
import type { LaneSlots } from "./lane-slots.ts";
import { placesOf } from "./source-places.ts";
import { splitSource, type SplitContext, type SplitOutcome, type SplitRequest } from "./split-source.ts";

export interface HandlerContext extends SplitContext, Telemetry {
  readonly loadQueue: Queue;
  /** Who may work now. */
  readonly slots: LaneSlots;
  readonly observer?: PipelineObserver;
}

export async function handleMessage(
  context: HandlerContext,
  message: QueueMessage,
  signal: AbortSignal,
): Promise<Outcome> {
  const notification = parseNotification(message.body);
  if (notification.kind === "foreign") {
    messageForeign(context, message.id, notification.reason);
    return { kind: "dead", reason: notification.reason };
  }
  const requests = requestsOf(context, notification);
  if (requests.length === 0) return { kind: "settled" };
  const places = Math.max(...requests.map(({ bytes }) => placesOf(bytes)));
  const slot = { lane: context.lane, sentAt: message.sentAt, places };
  return context.slots.run(slot, signal, () => splitAll(context, message, requests, signal));
}

interface Request extends SplitRequest {
  /** Stored, as the message says. */
  readonly bytes?: number | undefined;
}

async function splitAll(
  context: HandlerContext,
  message: QueueMessage,
  requests: readonly Request[],
  signal: AbortSignal,
): Promise<Outcome> {
  for (const request of requests) {
    try {
      await splitAndAnnounce(context, request, signal);
    } catch (error) {
      if (signal.aborted) return { kind: "retry", reason: "the splitter was stopped", delaySeconds: 0 };
      const code = isRouterError(error) ? error.code : "INTERNAL";
      const { bucket, key } = request.ref;
      splitPutOff(context, { bucket, key, receive_count: message.receiveCount }, code, error);
      return { kind: "retry", reason: `${code}: ${error instanceof Error ? error.message : String(error)}` };
    }
  }
  return { kind: "settled" };
}

function requestsOf(
  context: HandlerContext,
  notification: Exclude<Notification, { readonly kind: "foreign" }>,
): Request[] {
  if (notification.kind === "test") return [];
  if (notification.kind === "verb") {
    const { bucket, key, generation, verb } = notification;
    return [{ ref: { bucket, key }, generation, ...(verb === "salvage" ? { salvage: true } : {}) }];
  }
  objectsSkipped(context, "other_event", notification.ignored);
  const requests: Request[] = [];
  for (const { bucket, key, versionId, bytes } of notification.objects) {
    const ref = { bucket, key, ...(versionId === undefined ? {} : { versionId }) };
    if (isOwn(context.routedBucket, ref)) objectsSkipped(context, "own");
    else if (isFolder(key, bytes)) objectsSkipped(context, "folder");
    else requests.push({ ref, bytes });
  }
  return requests;
}

/** Without this, a routed bucket that is also a source bucket would feed on itself. */
function isOwn(routedBucket: string, { bucket, key }: ObjectRef): boolean {
  return bucket === routedBucket && ROUTED_PREFIXES.some((prefix) => key.startsWith(prefix));
}

/** Consoles make empty objects with a slash at the end to show folders. */
function isFolder(key: string, bytes: number | undefined): boolean {
  return key.endsWith("/") && (bytes ?? 0) === 0;
}

async function splitAndAnnounce(
  context: HandlerContext,
  request: SplitRequest,
  signal: AbortSignal,
): Promise<void> {
  let outcome: SplitOutcome;
  try {
    outcome = await splitSource(context, request, signal);
  } catch (error) {
    if (!isRouterError(error, "OBJECT_GONE") || (await exists(context, request.ref, signal))) throw error;
    objectGone(context, request.ref.bucket, request.ref.key);
    return;
  }
  if (outcome.kind === "written") objectSplit(context, outcome);
  else {
    if (outcome.kind === "existing") receiptFound(context, outcome);
    else attemptLost(context, outcome);
    const { key, bytes, etag } = outcome;
    await context.loadQueue.send([s3Notification(context.routedBucket, key, bytes, etag)], { signal });
  }
  context.observer?.sourceSplit?.(sourceSplit(outcome));
}

/** OBJECT_GONE may also be about an object of ours; only a source that is really gone settles its message. */
async function exists({ store }: HandlerContext, ref: ObjectRef, signal: AbortSignal): Promise<boolean> {
  return (await store.head(ref, signal)) !== undefined;
}

function sourceSplit({ kind, receipt, rawBytes }: SplitOutcome): SourceSplit {
  const { source, lines, state, failure, parts } = receipt;
  return {
    sourceId: source.id,
    key: source.key,
    fresh: kind === "written",
    state,
    ...(failure ? { reason: failure.message } : {}),
    bytes: source.bytes,
    rawBytes,
    lines: lines.total,
    quarantined: lines.quarantined,
    dropped: lines.dropped,
    blank: lines.blank,
    types: new Set(parts.flatMap((part) => part.types.map((type) => type.event_type))).size,
    parts: parts.length,
  };
}
