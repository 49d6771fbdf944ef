// The two forms in which S3 tells of a new object: native records (also inside SNS) and EventBridge events.
import { child, isJsonObject, size, text, type JsonObject } from "./json-access.ts";

export interface NotifiedObject {
  readonly bucket: string;
  /** Decoded. */
  readonly key: string;
  readonly versionId?: string;
  /** Size as stored. A hint: identity and size come from the GET response. */
  readonly bytes?: number;
  /** Unquoted. A hint, never identity. */
  readonly etag?: string;
  /** Hex; orders the events of one key. */
  readonly sequencer?: string;
}

export interface ObjectsNotification {
  readonly kind: "objects";
  readonly objects: readonly NotifiedObject[];
  /** Records of other kinds than ObjectCreated. */
  readonly ignored: number;
}

/** Cannot ever be worked on; belongs in the dead letters, where the reason is kept. The reason has no text of the message in it. */
export interface ForeignNotification {
  readonly kind: "foreign";
  readonly reason: string;
}

type Parsed = ObjectsNotification | ForeignNotification;

/** Records of S3's native form, `eventVersion` 2.x. One record that cannot be understood makes the whole message foreign. */
export function parseS3Records(records: unknown): Parsed {
  if (!Array.isArray(records)) return foreign("Records is not an array");
  const objects: NotifiedObject[] = [];
  let ignored = 0;
  for (const record of records as unknown[]) {
    if (!isJsonObject(record)) return foreign("a record is not an object");
    if (!text(record, "eventSource")?.endsWith(":s3")) return foreign("a record is not from S3");
    if (!text(record, "eventVersion")?.startsWith("2.")) {
      return foreign("a record's eventVersion is not 2.x");
    }
    // S3 writes `ObjectCreated:Put`; some S3-compatible stores put `s3:` in front.
    if (!/^(s3:)?ObjectCreated:/.test(text(record, "eventName") ?? "")) {
      ignored++;
      continue;
    }
    const object = nativeObject(record);
    if (typeof object === "string") return foreign(object);
    objects.push(object);
  }
  return { kind: "objects", objects, ignored };
}

function nativeObject(record: JsonObject): NotifiedObject | string {
  const s3 = child(record, "s3");
  const bucket = s3 && child(s3, "bucket");
  const object = s3 && child(s3, "object");
  const name = bucket && text(bucket, "name");
  const encoded = object && text(object, "key");
  if (!object || !name || !encoded) return "a record names no bucket or key";
  const key = decodeKey(encoded);
  if (key === undefined) return "a record's key is not URL-encoded";
  return notified(object, name, key, "versionId", "eTag");
}

/** `Object Created` events of EventBridge. Their keys are plain, the ETag's member is in lower case. */
export function parseEventBridge(event: JsonObject): Parsed {
  if (text(event, "detail-type") !== "Object Created") return { kind: "objects", objects: [], ignored: 1 };
  const detail = child(event, "detail");
  const bucket = detail && child(detail, "bucket");
  const object = detail && child(detail, "object");
  const name = bucket && text(bucket, "name");
  const key = object && text(object, "key");
  if (!object || !name || !key) return foreign("the event names no bucket or key");
  return { kind: "objects", objects: [notified(object, name, key, "version-id", "etag")], ignored: 0 };
}

function notified(
  object: JsonObject,
  bucket: string,
  key: string,
  versionMember: string,
  etagMember: string,
): NotifiedObject {
  const versionId = text(object, versionMember);
  const bytes = size(object, "size");
  const etag = text(object, etagMember)?.replace(/^"(.*)"$/, "$1");
  const sequencer = text(object, "sequencer");
  return {
    bucket,
    key,
    ...(versionId ? { versionId } : {}),
    ...(bytes === undefined ? {} : { bytes }),
    ...(etag ? { etag } : {}),
    ...(sequencer ? { sequencer } : {}),
  };
}

/** Undefined for broken percent escapes: guessing at the name could fetch, or miss, another object. */
function decodeKey(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

export function foreign(reason: string): ForeignNotification {
  return { kind: "foreign", reason };
}
