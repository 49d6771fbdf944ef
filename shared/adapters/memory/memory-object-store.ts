// ObjectStore in memory: works like the others (the contract suite holds it to that), for tests that need no disk.
import { systemClock } from "../../runtime/clock.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  ObjectBatch,
  ObjectInfo,
  ObjectRead,
  ObjectRef,
  ObjectStore,
  PutOptions,
  PutResult,
} from "../../ports/object-store.ts";
import { announcePut, compareKeys, etagOf, readOnce, type NotifyRule } from "../object-helpers.ts";

export interface MemoryObjectStoreOptions {
  readonly clock?: Clock;
  /** Size of the chunks that bodies come in, so that tests can cut anywhere. Default 64 KiB. */
  readonly chunkBytes?: number;
  /** Puts that are announced on a queue, as S3 would. */
  readonly notify?: readonly NotifyRule[];
  /** Its batches begin objects that grow. Default false. */
  readonly grows?: boolean;
}

interface Stored {
  readonly bytes: Uint8Array;
  readonly info: ObjectInfo;
}

export class MemoryObjectStore implements ObjectStore {
  readonly batch?: () => ObjectBatch;
  readonly #objects = new Map<string, Map<string, Stored>>();
  readonly #clock: Clock;
  readonly #chunkBytes: number;
  readonly #notify: readonly NotifyRule[];

  constructor(options: MemoryObjectStoreOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#chunkBytes = options.chunkBytes ?? 64 * 1024;
    this.#notify = options.notify ?? [];
    if (options.grows) this.batch = () => this.#growingBatch();
  }

  #growingBatch(): ObjectBatch {
    return {
      put: (ref, body, options) => this.put(ref, body, options),
      begin: async (ref) => {
        const chunks: Uint8Array[] = [];
        return {
          append: async (bytes) => void chunks.push(new Uint8Array(bytes)),
          finish: () => this.put(ref, Buffer.concat(chunks)),
          async [Symbol.asyncDispose]() {},
        };
      },
      flush: async () => undefined,
      async [Symbol.asyncDispose]() {},
    };
  }

  async get(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectRead> {
    const stored = this.#stored(ref, signal);
    const chunkBytes = this.#chunkBytes;
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      for (let at = 0; at < stored.bytes.byteLength; at += chunkBytes) {
        signal?.throwIfAborted();
        yield stored.bytes.slice(at, at + chunkBytes);
      }
    }
    return { ...stored.info, body: readOnce(chunks) };
  }

  async getBytes(ref: ObjectRef, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#stored(ref, signal).bytes.slice();
  }

  async head(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    signal?.throwIfAborted();
    return this.#objects.get(ref.bucket)?.get(ref.key)?.info;
  }

  async put(
    ref: ObjectRef,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<PutResult> {
    const bytes = await copyOf(body, options.signal);
    // From here to the `set` nothing waits: the check and the write are one step, as they are on S3.
    let bucket = this.#objects.get(ref.bucket);
    if (!bucket) this.#objects.set(ref.bucket, (bucket = new Map<string, Stored>()));
    if (options.ifAbsent && bucket.has(ref.key)) return { created: false, etag: "", bytes: 0 };
    const at = this.#clock.now();
    const etag = etagOf(bytes);
    const size = bytes.byteLength;
    bucket.set(ref.key, {
      bytes,
      info: { bucket: ref.bucket, key: ref.key, etag, bytes: size, lastModified: at },
    });
    await announcePut(this.#notify, { ...ref, bytes: size, etag, at });
    return { created: true, etag, bytes: size };
  }

  async *list(
    bucket: string,
    prefix: string,
    options: { readonly startAfter?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    const { startAfter, signal } = options;
    const keys = [...(this.#objects.get(bucket)?.keys() ?? [])]
      .filter((key) => key.startsWith(prefix) && (!startAfter || compareKeys(key, startAfter) > 0))
      .sort(compareKeys);
    for (const key of keys) {
      signal?.throwIfAborted();
      const stored = this.#objects.get(bucket)?.get(key);
      if (stored) yield stored.info;
    }
  }

  async delete(ref: ObjectRef, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#objects.get(ref.bucket)?.delete(ref.key);
  }

  /** Keys of a bucket in listing order, for assertions. */
  keys(bucket: string): string[] {
    return [...(this.#objects.get(bucket)?.keys() ?? [])].sort(compareKeys);
  }

  #stored(ref: ObjectRef, signal: AbortSignal | undefined): Stored {
    signal?.throwIfAborted();
    const stored = this.#objects.get(ref.bucket)?.get(ref.key);
    if (stored) return stored;
    throw new RouterError("OBJECT_GONE", `There is no object ${ref.bucket}/${ref.key}.`, {
      details: { bucket: ref.bucket, key: ref.key },
    });
  }
}

/** A copy of its own: callers go on using their buffers. */
async function copyOf(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  if (body instanceof Uint8Array) return new Uint8Array(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) {
    signal?.throwIfAborted();
    chunks.push(new Uint8Array(chunk));
  }
  return new Uint8Array(Buffer.concat(chunks));
}
