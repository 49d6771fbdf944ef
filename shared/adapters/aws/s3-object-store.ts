// ObjectStore on S3. Bounded memory: bodies are streamed, parts of a multipart upload are `partBytes` × `partsInFlight` at the most.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Clock } from "../../ports/clock.ts";
import type {
  ObjectInfo,
  ObjectRead,
  ObjectRef,
  ObjectStore,
  PutOptions,
  PutResult,
} from "../../ports/object-store.ts";
import { s3Body } from "./s3-body.ts";
import { errorName, httpStatus, s3Error } from "./s3-errors.ts";

export interface S3ObjectStoreOptions {
  readonly clock: Clock;
  /** Size of an upload part, at least 5 MiB (S3's minimum). Default 8 MiB: objects up to 80 GB in 10,000 parts. */
  readonly partBytes?: number;
  /** Parts of one upload sent at the same time. Default 2. */
  readonly partsInFlight?: number;
  /** Broken reads in a row without a new byte before a read fails. Default 5. */
  readonly resumeAttempts?: number;
}

/** How often a conditional write is sent again after a 409 (a racing delete or write; S3 asks for a retry). */
const CONFLICT_ATTEMPTS = 5;

const unquoted = (etag: string | undefined): string => (etag ?? "").replace(/^"|"$/g, "");
const withSignal = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});

export function createS3ObjectStore(client: S3Client, options: S3ObjectStoreOptions): ObjectStore {
  const partBytes = options.partBytes ?? 8 * 1024 * 1024;
  const partsInFlight = options.partsInFlight ?? 2;
  const resumeAttempts = options.resumeAttempts ?? 5;

  async function get(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectRead> {
    const command = new GetObjectCommand({ Bucket: ref.bucket, Key: ref.key, VersionId: ref.versionId });
    askForChecksum(command);
    const answer = await client.send(command, withSignal(signal)).catch((error: unknown) => {
      throw s3Error("reading", ref, error);
    });
    const stream = answer.Body as Readable;
    // Until somebody reads, a broken connection has no other listener.
    stream.on("error", () => undefined);
    return {
      bucket: ref.bucket,
      key: ref.key,
      ...(answer.VersionId === undefined ? {} : { versionId: answer.VersionId }),
      etag: unquoted(answer.ETag),
      bytes: answer.ContentLength ?? 0,
      lastModified: answer.LastModified ?? new Date(0),
      body: s3Body(client, ref, answer, { resumeAttempts, clock: options.clock, signal }),
      discard: () => void stream.destroy(),
    };
  }

  async function head(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    try {
      const answer = await client.send(
        new HeadObjectCommand({ Bucket: ref.bucket, Key: ref.key, VersionId: ref.versionId }),
        withSignal(signal),
      );
      return {
        bucket: ref.bucket,
        key: ref.key,
        ...(answer.VersionId === undefined ? {} : { versionId: answer.VersionId }),
        etag: unquoted(answer.ETag),
        bytes: answer.ContentLength ?? 0,
        lastModified: answer.LastModified ?? new Date(0),
      };
    } catch (error) {
      const refusal = s3Error("looking up", ref, error);
      if (refusal.code === "OBJECT_GONE") return undefined;
      throw refusal;
    }
  }

  async function putOnce(
    ref: ObjectRef,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    put: PutOptions,
    count: (bytes: number) => void,
  ): Promise<string> {
    const target = { Bucket: ref.bucket, Key: ref.key, ...(put.ifAbsent ? { IfNoneMatch: "*" } : {}) };
    if (body instanceof Uint8Array) {
      count(body.byteLength);
      const answer = await client.send(
        new PutObjectCommand({ ...target, Body: body }),
        withSignal(put.signal),
      );
      return unquoted(answer.ETag);
    }
    const upload = new Upload({
      client,
      params: { ...target, Body: Readable.from(counted(body, count)) },
      partSize: partBytes,
      queueSize: partsInFlight,
      leavePartsOnError: false,
    });
    const stop = (): void => void upload.abort();
    put.signal?.addEventListener("abort", stop, { once: true });
    try {
      put.signal?.throwIfAborted();
      return unquoted((await upload.done()).ETag);
    } finally {
      put.signal?.removeEventListener("abort", stop);
    }
  }

  async function put(
    ref: ObjectRef,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    putOptions: PutOptions = {},
  ): Promise<PutResult> {
    for (let attempt = 1; ; attempt += 1) {
      let bytes = 0;
      try {
        const etag = await putOnce(ref, body, putOptions, (more) => void (bytes += more));
        return { created: true, etag, bytes };
      } catch (error) {
        if (putOptions.ifAbsent && isTaken(error)) return { created: false, etag: "", bytes: 0 };
        const again = body instanceof Uint8Array && isConflict(error) && attempt < CONFLICT_ATTEMPTS;
        if (!again) throw s3Error("writing", ref, error);
        await options.clock.sleep(50 * 2 ** attempt * (0.5 + Math.random()), putOptions.signal);
      }
    }
  }

  async function* list(
    bucket: string,
    prefix: string,
    listOptions: { readonly startAfter?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    const pages = paginateListObjectsV2(
      { client },
      { Bucket: bucket, Prefix: prefix, StartAfter: listOptions.startAfter },
    );
    try {
      for await (const page of pages) {
        listOptions.signal?.throwIfAborted();
        for (const object of page.Contents ?? []) {
          yield {
            bucket,
            key: object.Key ?? "",
            etag: unquoted(object.ETag),
            bytes: object.Size ?? 0,
            lastModified: object.LastModified ?? new Date(0),
          };
        }
      }
    } catch (error) {
      throw s3Error("listing", { bucket, key: prefix }, error);
    }
  }

  return {
    get,
    head,
    put,
    list,
    async getBytes(ref, signal) {
      const read = await get(ref, signal);
      return new Uint8Array(await buffer(read.body));
    },
    async delete(ref, signal) {
      try {
        await client.send(
          new DeleteObjectCommand({ Bucket: ref.bucket, Key: ref.key, VersionId: ref.versionId }),
          withSignal(signal),
        );
      } catch (error) {
        const refusal = s3Error("deleting", ref, error);
        if (refusal.code !== "OBJECT_GONE") throw refusal;
      }
    },
  };
}

/**
 * By header and not by the parameter ChecksumMode, which would also switch on the SDK's own check: that one knows nothing of a read that
 * goes on in a second range.
 */
function askForChecksum(command: GetObjectCommand): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers["x-amz-checksum-mode"] = "ENABLED";
      return next(args);
    },
    { step: "build", name: "askForChecksum" },
  );
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    count(chunk.byteLength);
    // A copy, because streams read ahead and parts of an upload are sent again.
    yield new Uint8Array(chunk);
  }
}

function isTaken(error: unknown): boolean {
  return errorName(error) === "PreconditionFailed" || httpStatus(error) === 412;
}

function isConflict(error: unknown): boolean {
  return errorName(error) === "ConditionalRequestConflict" || httpStatus(error) === 409;
}
