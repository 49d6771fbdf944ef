// ObjectStore on folders: bucket `local` is the machine's own files (read only, keyed by real absolute path), bucket `routed` a folder.
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { rmdir, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectInfo, ObjectRef, ObjectStore, PutResult } from "../../ports/object-store.ts";
import { systemClock } from "../../runtime/clock.ts";
import { announcePut, isAnnounced, readOnce, type NotifyRule } from "../object-helpers.ts";
import type { EtagCache } from "./etag-cache.ts";
import { errnoOf, fileError } from "./file-errors.ts";
import { assertFolderKey, assertLocalKey, INCOMING } from "./object-key.ts";
import { GrowingFile } from "./growing-file.ts";
import { createGroupFlush } from "./group-flush.ts";
import { LateFlush } from "./late-flush.ts";
import { NewNames } from "./new-names.ts";
import { pinFile, readPinned, readWhole, type PinnedFile } from "./pinned-file.ts";
import { walkKeys } from "./walk-keys.ts";
import { removeLeftovers, writeFileWhole, type WriteOptions } from "./write-file.ts";

/** Bucket of the machine's own files. */
export const LOCAL_BUCKET = "local";
/** Bucket of parts, receipts and quarantine. */
export const ROUTED_BUCKET = "routed";

export interface FolderObjectStoreOptions {
  /** Folder of bucket `routed`; made when absent. */
  readonly root: string;
  /** Puts that are announced on a queue, as S3 would. */
  readonly notify?: readonly NotifyRule[];
  /** For files of bucket `local`. Without one they are hashed each time. */
  readonly etagCache?: EtagCache;
  readonly clock?: Clock;
  /** How an open file or folder is flushed to disk. Default: fsync. */
  readonly flush?: (file: number) => Promise<void>;
}

export interface FolderObjectStore extends ObjectStore {
  /** The file in which an object is kept, for readers that take file names (DuckDB). Same refusals as `get`. */
  fileOf(ref: ObjectRef): string;
}

/** Temporary files of writers that died are removed after this long. */
const LEFTOVER_AGE_MS = 24 * 3_600_000;

export function createFolderObjectStore(options: FolderObjectStoreOptions): FolderObjectStore {
  mkdirSync(options.root, { recursive: true });
  const root = realpathSync(options.root);
  const clock = options.clock ?? systemClock;
  const notify = options.notify ?? [];
  const flushes = createGroupFlush(options.flush);
  const names = new NewNames(root, flushes);
  let swept: Promise<unknown> | undefined;

  const sweep = (): Promise<unknown> =>
    (swept ??= removeLeftovers(root, LEFTOVER_AGE_MS, clock.now().getTime()));

  function fileOf(ref: ObjectRef): string {
    if (ref.bucket === LOCAL_BUCKET) {
      assertLocalKey(ref.bucket, ref.key);
      return ref.key;
    }
    if (ref.bucket !== ROUTED_BUCKET) throw noSuchBucket(ref);
    assertFolderKey(ref.bucket, ref.key);
    return `${root}/${ref.key}`;
  }

  function writableFileOf(ref: ObjectRef): string {
    if (ref.bucket !== LOCAL_BUCKET) return fileOf(ref);
    throw new RouterError("ACCESS_DENIED", `Bucket ${LOCAL_BUCKET} is read only.`, {
      details: { bucket: ref.bucket, key: ref.key },
    });
  }

  const cacheOf = (ref: ObjectRef): EtagCache | undefined =>
    ref.bucket === LOCAL_BUCKET ? options.etagCache : undefined;

  const pin = (ref: ObjectRef, signal: AbortSignal | undefined): Promise<PinnedFile> =>
    translated("reading", ref, signal, () =>
      pinFile(fileOf(ref), cacheOf(ref), clock.now().getTime(), signal),
    );

  async function* body(
    ref: ObjectRef,
    pinned: PinnedFile,
    signal: AbortSignal | undefined,
    into?: Uint8Array,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* readPinned(pinned, cacheOf(ref), signal, into);
    } catch (error) {
      throw fileError("reading", ref, error);
    }
  }

  async function write(
    ref: ObjectRef,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options: WriteOptions,
  ): Promise<PutResult> {
    writableFileOf(ref);
    return translated("writing", ref, options.signal, async () => {
      await sweep();
      return writeFileWhole(root, ref.key, content, options);
    });
  }

  return {
    fileOf,

    async get(ref, signal) {
      const pinned = await pin(ref, signal);
      return {
        ...infoOf(ref, pinned),
        body: readOnce(() => body(ref, pinned, signal)),
        bodyInto: (buffer) => body(ref, pinned, signal, buffer),
        ...(pinned.bytes ? { whole: pinned.bytes } : {}),
      };
    },

    getBytes: (ref, signal) => translated("reading", ref, signal, () => readWhole(fileOf(ref), signal)),

    async head(ref, signal) {
      try {
        return infoOf(ref, await pin(ref, signal));
      } catch (error) {
        if (error instanceof RouterError && error.code === "OBJECT_GONE") return undefined;
        throw error;
      }
    },

    async put(ref, content, { ifAbsent = false, signal, withoutEtag = false } = {}) {
      const result = await write(ref, content, {
        ifAbsent,
        signal,
        names,
        withoutEtag: withoutEtag && !isAnnounced(notify, ref),
        flush: (file) => flushes.file(file),
      });
      if (result.created) {
        await announcePut(notify, { ...ref, bytes: result.bytes, etag: result.etag, at: clock.now() });
      }
      return result;
    },

    batch() {
      const late = new LateFlush(flushes, names);
      const announcements: (() => Promise<void>)[] = [];
      const announced = (ref: ObjectRef, result: PutResult): PutResult => {
        const { bytes, etag } = result;
        const at = clock.now();
        if (result.created) announcements.push(() => announcePut(notify, { ...ref, bytes, etag, at }));
        return result;
      };
      return {
        async put(ref, content, { ifAbsent = false, signal, withoutEtag = false } = {}) {
          const options = {
            ifAbsent,
            signal,
            withoutEtag: withoutEtag && !isAnnounced(notify, ref),
            names: late,
            flush: late.add,
            isHandedOver: true,
          };
          return announced(ref, await write(ref, content, options));
        },
        async begin(ref) {
          writableFileOf(ref);
          await sweep();
          return new GrowingFile(root, ref, late, (result) => announced(ref, result));
        },
        async flush() {
          await translated("writing", { bucket: ROUTED_BUCKET, key: "" }, undefined, () => late.flush());
          for (const announce of announcements.splice(0)) await announce();
        },
        [Symbol.asyncDispose]: () => late[Symbol.asyncDispose](),
      };
    },

    async *list(bucket, prefix, { startAfter, signal } = {}) {
      const local = bucket === LOCAL_BUCKET;
      if (!local && bucket !== ROUTED_BUCKET) throw noSuchBucket({ bucket, key: prefix });
      // Keys of `local` start with the slash that the walk puts behind its root.
      const strip = (key: string): string => (local && key.startsWith("/") ? key.slice(1) : key);
      // The common answer, for the receipts of every new source.
      const folder = local ? "" : `${root}/${prefix.slice(0, prefix.lastIndexOf("/") + 1)}`;
      if (!local && !existsSync(folder)) return;
      const walk = walkKeys(local ? "" : root, {
        prefix: strip(prefix),
        startAfter: startAfter === undefined ? undefined : strip(startAfter),
        ...(local ? {} : { except: INCOMING }),
        signal,
      });
      try {
        for await (const { key, bytes, lastModified } of walk) {
          yield { bucket, key: local ? `/${key}` : key, etag: "", bytes, lastModified };
        }
      } catch (error) {
        throw fileError("listing", { bucket, key: prefix }, error);
      }
    },

    async delete(ref, signal) {
      const file = writableFileOf(ref);
      await translated("deleting", ref, signal, async () => {
        await unlink(file).catch((error: unknown) => {
          if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw error;
        });
        await removeEmptyFolders(root, dirname(file));
      });
    },
  };
}

/** Runs file work and turns what the operating system says into the port's errors. */
async function translated<T>(
  doing: Parameters<typeof fileError>[0],
  ref: ObjectRef,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    throw fileError(doing, ref, error);
  }
}

function infoOf(ref: ObjectRef, { etag, version }: PinnedFile): ObjectInfo {
  return {
    bucket: ref.bucket,
    key: ref.key,
    etag,
    bytes: Number(version.size),
    lastModified: new Date(Number(version.mtimeNs / 1_000_000n)),
  };
}

function noSuchBucket({ bucket, key }: ObjectRef): RouterError {
  return new RouterError(
    "OBJECT_GONE",
    `There is no bucket ${bucket} here, only ${LOCAL_BUCKET} and ${ROUTED_BUCKET}.`,
    { details: { bucket, key } },
  );
}

/** Buckets have no folders: one that a delete has emptied goes, up to the root. */
async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let at = folder; at.length > root.length; at = dirname(at)) {
    const removed = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}
