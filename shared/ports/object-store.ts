// What the workers need of a place that keeps objects: S3, a folder, or memory. Contract: test/contract/object-store.ts.

export interface ObjectRef {
  /** Bucket name. The embedded default knows `local` (any absolute path, read only) and `routed`. */
  readonly bucket: string;
  /** Decoded key (never URL-encoded). In bucket `local` the real absolute path. */
  readonly key: string;
  /** Pins the read to one version where the store has versions. */
  readonly versionId?: string;
}

export interface ObjectInfo extends ObjectRef {
  /** Unquoted. Changes whenever the bytes change; in a folder the hash of the stored bytes. */
  readonly etag: string;
  readonly bytes: number;
  readonly lastModified: Date;
}

export interface ObjectRead extends ObjectInfo {
  /** Exactly `bytes` bytes of the version that `etag` names, else the iteration throws OBJECT_CHANGED (retryable). Read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /**
   * The body, read into `buffer`: a chunk is overwritten when the next one is asked for. For who reads much and keeps nothing; where it is
   * missing, the body is as good. The one or the other, once.
   */
  readonly bodyInto?: (buffer: Uint8Array) => AsyncIterable<Uint8Array>;
  /** The whole body, where it is in memory already; nobody may write to it. Reading `body` gives the same. */
  readonly whole?: Uint8Array;
  /** Gives back what an unread body holds (a connection, a file handle). Call it when the body is not going to be read. */
  discard?(): void;
}

export interface PutOptions {
  /** Write only when no object has this key; the first of several racing writers wins. */
  readonly ifAbsent?: boolean;
  readonly signal?: AbortSignal;
  /** Whoever puts does not look at the ETag, which may be empty then: some stores have to hash all bytes for it. */
  readonly withoutEtag?: boolean;
}

export interface PutResult {
  /** False only with `ifAbsent` when the key was taken; nothing was written then. */
  readonly created: boolean;
  readonly etag: string;
  readonly bytes: number;
}

export interface ObjectStore {
  /** Opens one object. Throws OBJECT_GONE when there is none, ACCESS_DENIED, or OBJECT_STORE_FAILED (retryable). */
  get(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectRead>;
  /** Reads a small object (receipt, manifest) whole. Same errors as `get`; RECEIPT_INVALID is the caller's affair. */
  getBytes(ref: ObjectRef, signal?: AbortSignal): Promise<Uint8Array>;
  /** Undefined when there is no such object. */
  head(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectInfo | undefined>;
  /**
   * All or nothing: no reader ever sees a partial object, and a failed or aborted put leaves none. A chunk of the body may be overwritten
   * once the next one has been asked for: who keeps it must copy it.
   */
  put(ref: ObjectRef, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<PutResult>;
  /**
   * Opens a batch: many objects that need to be durable together only, which costs a fraction of making each of them durable by itself where
   * that means waiting for a disk. Missing where it would make no difference (see `batchOf`).
   */
  readonly batch?: () => ObjectBatch;
  /** Objects whose key starts with `prefix`, in ascending order of key bytes. `etag` may be empty in a listing: never take identity from it. */
  list(
    bucket: string,
    prefix: string,
    options?: { readonly startAfter?: string; readonly signal?: AbortSignal },
  ): AsyncIterable<ObjectInfo>;
  /** Deleting what is not there is success. */
  delete(ref: ObjectRef, signal?: AbortSignal): Promise<void>;
}

export interface ObjectBatch {
  /** As the store's, but for one thing: the object is whole for every reader, and may yet be lost in a power failure. */
  put(ref: ObjectRef, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<PutResult>;
  /**
   * Begins an object whose bytes are still coming into being. Undefined, or missing, where an open object would hold memory (S3 wants parts of
   * 5 MiB): its bytes are to be kept elsewhere then, and put when all are there.
   */
  readonly begin?: (ref: ObjectRef) => Promise<GrowingObject> | undefined;
  /** Resolves when everything put before is durable. Nothing may rely on an object of the batch before. */
  flush(): Promise<void>;
  /** Gives up what the batch holds open; to be called at the end, flushed or not. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** An object that no reader sees before it is finished. To be disposed of before its batch is. */
export interface GrowingObject extends AsyncDisposable {
  /** One call at a time. The bytes may be overwritten when it resolves. */
  append(bytes: Uint8Array): Promise<void>;
  /** The object is there, as after a put of the batch; nothing more can be appended. Once, and after the last `append` has resolved. */
  finish(): Promise<PutResult>;
  /** Gives up an object that was not finished: nothing of it stays. Not while an `append` or `finish` is under way. */
  [Symbol.asyncDispose](): Promise<void>;
}
