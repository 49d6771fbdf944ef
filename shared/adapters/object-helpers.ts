// What the object stores that keep bytes themselves (folder, memory) have in common.
import { createHash, hash } from "node:crypto";
import { RouterError } from "../errors/router-error.ts";
import type { ObjectRef } from "../ports/object-store.ts";
import type { Queue } from "../ports/queue.ts";

/** Hex digits of SHA-256 that make an ETag: as long as S3's own. */
const ETAG_DIGITS = 32;

export interface EtagHash {
  update(bytes: Uint8Array): void;
  digest(): string;
}

/** Running hash of stored bytes; the digest is the ETag. */
export function etagHash(): EtagHash {
  const running = createHash("sha256");
  return {
    update: (bytes) => void running.update(bytes),
    digest: () => running.digest("hex").slice(0, ETAG_DIGITS),
  };
}

export function etagOf(bytes: Uint8Array): string {
  return hash("sha256", bytes).slice(0, ETAG_DIGITS);
}

/** A body that may be iterated once; a second iteration would be silently empty, so it throws instead. */
export function readOnce(open: () => AsyncGenerator<Uint8Array, void, undefined>): AsyncIterable<Uint8Array> {
  let opened = false;
  return {
    [Symbol.asyncIterator]() {
      if (opened)
        throw new RouterError("INTERNAL", "The body of an object is read once; get the object again.");
      opened = true;
      return open();
    },
  };
}

/** Puts under `prefix` of `bucket` are announced on `queue`, as S3 would. */
export interface NotifyRule {
  readonly bucket: string;
  readonly prefix: string;
  readonly queue: Queue;
}

/** True when a put of the object is to be announced. */
export function isAnnounced(rules: readonly NotifyRule[], { bucket, key }: ObjectRef): boolean {
  return rules.some((rule) => rule.bucket === bucket && key.startsWith(rule.prefix));
}

/** Sends one S3-native notification to the queue of each rule that fits. The object is durable by then. */
export async function announcePut(
  rules: readonly NotifyRule[],
  object: ObjectRef & { readonly bytes: number; readonly etag: string; readonly at: Date },
): Promise<void> {
  for (const { bucket, prefix, queue } of rules) {
    if (bucket !== object.bucket || !object.key.startsWith(prefix)) continue;
    const { s3Notification } = await import("../contracts/notification.ts");
    await queue.send([
      s3Notification(object.bucket, object.key, object.bytes, object.etag, { eventTime: object.at }),
    ]);
  }
}

/** Order of S3 listings: UTF-8 bytes, which differs from JavaScript's order of code units above U+D7FF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}
