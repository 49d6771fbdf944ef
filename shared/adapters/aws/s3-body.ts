// The bytes of one version of an S3 object as one stream, whatever happens to the connection: a broken read goes on with a Range
// request for the same ETag, the length and the checksum are checked at the end.
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from "@aws-sdk/client-s3";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectRef } from "../../ports/object-store.ts";
import { checksumOf } from "./s3-checksum.ts";
import { s3Error } from "./s3-errors.ts";

export interface BodyOptions {
  /** Resumptions without a single new byte before the read gives up. */
  readonly resumeAttempts: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Streams `first` (the answer to the GET) and goes on by ranges; throws OBJECT_CHANGED when the object was overwritten meanwhile. */
export async function* s3Body(
  client: S3Client,
  ref: ObjectRef,
  first: GetObjectCommandOutput,
  options: BodyOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const total = first.ContentLength ?? 0;
  const checksum = checksumOf(first);
  let answer = first;
  let done = 0;
  let failures = 0;
  /** Bytes at the beginning of the answer that have come before. */
  let known = 0;
  for (;;) {
    try {
      for await (const piece of answer.Body as AsyncIterable<Uint8Array>) {
        const chunk = known === 0 ? piece : piece.subarray(known);
        known -= piece.byteLength - chunk.byteLength;
        if (chunk.byteLength === 0) continue;
        checksum?.update(chunk);
        done += chunk.byteLength;
        failures = 0;
        yield chunk;
      }
      if (done >= total) break;
      throw new Error(`the connection ended after ${done} of ${total} bytes`);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures += 1;
      if (done > total || failures > options.resumeAttempts) throw s3Error("reading", ref, error);
      await options.clock.sleep(backOffMs(failures), options.signal);
      answer = await rangeFrom(client, ref, first, done, options);
      // HTTP lets a server answer a range with the whole (MiniStack does for versions).
      known = answer.ContentRange === undefined ? done : 0;
    }
  }
  if (done !== total) throw changed(ref, `${done} bytes where S3 said ${total}`);
  const mismatch = await checksum?.mismatch();
  if (mismatch !== undefined) throw changed(ref, mismatch);
}

function backOffMs(failures: number): number {
  return Math.min(5000, 100 * 2 ** failures) * (0.5 + Math.random() / 2);
}

function changed(ref: ObjectRef, what: string): RouterError {
  return new RouterError(
    "OBJECT_CHANGED",
    `s3://${ref.bucket}/${ref.key} did not arrive as it is stored: ${what}`,
    {
      retryable: true,
      details: { bucket: ref.bucket, key: ref.key },
    },
  );
}

async function rangeFrom(
  client: S3Client,
  ref: ObjectRef,
  first: GetObjectCommandOutput,
  done: number,
  options: BodyOptions,
): Promise<GetObjectCommandOutput> {
  const command = new GetObjectCommand({
    Bucket: ref.bucket,
    Key: ref.key,
    VersionId: first.VersionId ?? ref.versionId,
    IfMatch: first.ETag,
    Range: `bytes=${done}-`,
  });
  try {
    return await client.send(command, options.signal ? { abortSignal: options.signal } : {});
  } catch (error) {
    throw s3Error("reading on", ref, error);
  }
}
