// What arrives on the queues: that objects were created (told by S3 itself, through SNS or through EventBridge), an operator's verb,
// or something that is none of our business. Formats: Amazon S3 User Guide, "Event message structure" and "EventBridge: event
// message structure"; Amazon SNS Developer Guide, "Raw message delivery".
import { RouterError } from "../errors/router-error.ts";
import { isJsonObject, text, type JsonObject } from "./json-access.ts";
import {
  foreign,
  parseEventBridge,
  parseS3Records,
  type ForeignNotification,
  type ObjectsNotification,
} from "./s3-events.ts";

export type { NotifiedObject } from "./s3-events.ts";

export type OperatorVerb = "salvage" | "force";

export type Notification =
  | ObjectsNotification
  /** Sent by S3 when notifications are configured; to be deleted quietly. */
  | { readonly kind: "test" }
  | {
      readonly kind: "verb";
      readonly verb: OperatorVerb;
      readonly bucket: string;
      readonly key: string;
      readonly generation: number;
    }
  | ForeignNotification;

/** Longest body looked at, in UTF-16 units: four times what SQS lets through. */
const MAX_BODY_LENGTH = 4 * 1024 * 1024;
/** SNS around EventBridge around nothing else: deeper wrapping is nobody's. */
const MAX_WRAPPING = 2;

const OPERATOR_FORMAT = "log-router/operator";
const OPERATOR_VERSION = 1;

/** Never throws, whatever the body. */
export function parseNotification(body: string): Notification {
  return parseWrapped(body, 0);
}

function parseWrapped(body: string, wrapping: number): Notification {
  if (body.length > MAX_BODY_LENGTH) return foreign("the message is longer than any notification");
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    return foreign("the message is not JSON");
  }
  if (!isJsonObject(message)) return foreign("the message is not a JSON object");
  if (Object.hasOwn(message, "Records")) return parseS3Records(message["Records"]);
  if (text(message, "Event") === "s3:TestEvent") return { kind: "test" };
  if (text(message, "format") === OPERATOR_FORMAT) return parseOperatorMessage(message);
  if (text(message, "source") === "aws.s3") return parseEventBridge(message);
  if (Object.hasOwn(message, "TopicArn")) return parseSnsEnvelope(message, wrapping);
  return foreign("the message is neither from S3, SNS or EventBridge nor an operator's");
}

function parseSnsEnvelope(envelope: JsonObject, wrapping: number): Notification {
  const type = text(envelope, "Type");
  if (type === "SubscriptionConfirmation") return foreign("an SNS subscription waits for its confirmation");
  const inner = text(envelope, "Message");
  if (type !== "Notification" || inner === undefined) return foreign("the SNS envelope has no notification");
  if (wrapping >= MAX_WRAPPING) return foreign("SNS envelopes are nested too deep");
  return parseWrapped(inner, wrapping + 1);
}

function parseOperatorMessage(message: JsonObject): Notification {
  const verb = text(message, "verb");
  const bucket = text(message, "bucket");
  const key = text(message, "key");
  const generation = message["generation"];
  if (message["version"] !== OPERATOR_VERSION) return foreign("the operator's message has another version");
  if (verb !== "salvage" && verb !== "force") return foreign("the operator's verb is unknown");
  if (!bucket || !key) return foreign("the operator's message names no object");
  if (typeof generation !== "number" || !Number.isSafeInteger(generation) || generation < 0) {
    return foreign("the operator's message has no generation");
  }
  return { kind: "verb", verb, bucket, key, generation };
}

/** The message that asks the splitter to write `generation` of a source object. */
export function operatorMessage(verb: OperatorVerb, bucket: string, key: string, generation: number): string {
  return JSON.stringify({
    format: OPERATOR_FORMAT,
    version: OPERATOR_VERSION,
    verb,
    bucket,
    key,
    generation,
  });
}

export interface S3NotificationOptions {
  /** Default: now. */
  readonly eventTime?: Date;
  readonly versionId?: string;
  /** Default: none. */
  readonly sequencer?: string;
}

/** A notification in S3's native form, as the embedded object stores send it. Key and ETag plain; the key is encoded here. */
export function s3Notification(
  bucket: string,
  key: string,
  bytes: number,
  etag: string,
  options: S3NotificationOptions = {},
): string {
  return JSON.stringify({
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        eventTime: (options.eventTime ?? new Date()).toISOString(),
        eventName: "ObjectCreated:Put",
        s3: {
          s3SchemaVersion: "1.0",
          bucket: { name: bucket },
          object: {
            key: encodeKey(key),
            size: bytes,
            eTag: etag,
            versionId: options.versionId,
            sequencer: options.sequencer,
          },
        },
      },
    ],
  });
}

/** Form encoding as S3 does it: space is `+`, slashes stay. */
function encodeKey(key: string): string {
  if (!key.isWellFormed()) {
    throw new RouterError(
      "OBJECT_KEY_REFUSED",
      "The key has a lone surrogate, which no UTF-8 name can hold.",
    );
  }
  return encodeURIComponent(key)
    .replaceAll("%2F", "/")
    .replaceAll("%20", "+")
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
