// Reading one version of a file that others may change at any moment: what is read is what was hashed, or it is OBJECT_CHANGED.
import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { RouterError } from "../../errors/router-error.ts";
import { etagHash, etagOf } from "../object-helpers.ts";
import type { EtagCache } from "./etag-cache.ts";

/** What tells one state of a file from another. `ctimeNs` moves with every change and cannot be set back. */
export interface FileVersion {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export interface PinnedFile {
  readonly path: string;
  readonly version: FileVersion;
  readonly etag: string;
  /**
   * The time stamps alone cannot prove that the bytes are still those of `etag`: the file was changed within the resolution of time
   * stamps, or the ETag is remembered from an earlier run. The bytes are hashed once more while they are read.
   */
  readonly doubtful: boolean;
  /** All of it, when it is small: it need not be opened again. */
  readonly bytes?: Uint8Array;
}

/**
 * Up to here a file is read whole by calls that do not wait in the thread pool for their turn (some microseconds each; through the pool and back it
 * is ten times as much), and kept until it is read.
 */
const AT_ONCE_BYTES = 128 * 1024;

const CHUNK_BYTES = 1024 * 1024;
/** File systems stamp times in steps of up to 2 s (FAT); a change that follows another within a step leaves no trace. */
const STAMP_RESOLUTION_NS = 2_000_000_000n;

/** A FIFO or device is refused, not waited for. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Opens a regular file. */
export async function openFile(path: string): Promise<{ handle: FileHandle; version: FileVersion }> {
  const handle = await open(path, READING);
  try {
    return { handle, version: regularVersion(path, await handle.stat({ bigint: true })) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Finds the ETag of a file as it is now. `nowMs` is the system's time. */
export async function pinFile(
  path: string,
  cache: EtagCache | undefined,
  nowMs: number,
  signal?: AbortSignal,
): Promise<PinnedFile> {
  const small = pinSmall(path);
  if (small) return small;
  const { handle, version } = await openFile(path);
  try {
    const known = cache?.get(path, version);
    if (known !== undefined) return { path, version, etag: known, doubtful: true };
    const etag = await hashed(handle, Number(version.size), signal);
    await assertUnchanged(path, handle, version);
    const doubtful = changedLately(version, nowMs);
    if (!doubtful) cache?.put(path, version, etag);
    return { path, version, etag, doubtful };
  } finally {
    await handle.close();
  }
}

/** Undefined when the file is not small. */
function pinSmall(path: string): PinnedFile | undefined {
  const small = readSmall(path);
  return small && { path, ...small, etag: etagOf(small.bytes), doubtful: false };
}

/** A file up to AT_ONCE_BYTES whole, in one state; undefined when it is larger. */
function readSmall(path: string): { version: FileVersion; bytes: Uint8Array } | undefined {
  const file = openSync(path, READING);
  try {
    const version = regularVersion(path, fstatSync(file, { bigint: true }));
    if (version.size > AT_ONCE_BYTES) return undefined;
    const bytes = Buffer.allocUnsafe(Number(version.size));
    for (let at = 0; at < bytes.length;) {
      const read = readSync(file, bytes, at, bytes.length - at, at);
      // Shorter than it was: the version tells.
      if (read === 0) break;
      at += read;
    }
    if (!sameVersion(version, versionOf(fstatSync(file, { bigint: true })))) throw changed(path);
    return { version, bytes };
  } finally {
    closeSync(file);
  }
}

/** The bytes of the pinned version, in chunks that are all in `into` if that is given. No file is open while nobody iterates. */
export async function* readPinned(
  pinned: PinnedFile,
  cache: EtagCache | undefined,
  signal?: AbortSignal,
  into?: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, version } = pinned;
  if (pinned.bytes) {
    if (pinned.bytes.length > 0) yield pinned.bytes;
    return;
  }
  const { handle, version: opened } = await openFile(path);
  try {
    if (!sameVersion(version, opened)) throw changed(path);
    const hash = pinned.doubtful ? etagHash() : undefined;
    for await (const chunk of chunksOf(handle, version, signal, into)) {
      hash?.update(chunk);
      yield chunk;
    }
    await assertUnchanged(path, handle, version);
    if (hash && hash.digest() !== pinned.etag) {
      cache?.forget(path);
      throw changed(path);
    }
  } finally {
    await handle.close();
  }
}

/** A file that memory is enough for, whole, in one state. */
export async function readWhole(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const small = readSmall(path);
  if (small) return new Uint8Array(small.bytes);
  const { handle, version } = await openFile(path);
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunksOf(handle, version, signal)) chunks.push(chunk);
    await assertUnchanged(path, handle, version);
    return new Uint8Array(Buffer.concat(chunks));
  } finally {
    await handle.close();
  }
}

/** Buffers for files that are being hashed: fresh memory for each would take as long as reading it. */
const spare: Uint8Array<ArrayBuffer>[] = [];
const MAX_SPARE = 4;

/** The ETag of the first `size` bytes. While one chunk is hashed the next one is read. */
async function hashed(handle: FileHandle, size: number, signal: AbortSignal | undefined): Promise<string> {
  const hash = etagHash();
  const read = (at: number) => {
    signal?.throwIfAborted();
    const length = Math.min(CHUNK_BYTES, size - at);
    return length > 0 ? handle.read(spare.pop() ?? new Uint8Array(CHUNK_BYTES), 0, length, at) : undefined;
  };
  let reading = read(0);
  for (let at = 0; reading;) {
    const { bytesRead, buffer } = await reading;
    // Shorter than it was: assertUnchanged tells.
    if (bytesRead === 0) break;
    at += bytesRead;
    reading = read(at);
    hash.update(buffer.subarray(0, bytesRead));
    if (spare.length < MAX_SPARE) spare.push(buffer);
  }
  return hash.digest();
}

/** Exactly `version.size` bytes from the start; each chunk is a buffer of its own, unless there is one for all of them to be read into. */
async function* chunksOf(
  handle: FileHandle,
  version: FileVersion,
  signal: AbortSignal | undefined,
  into?: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const size = Number(version.size);
  for (let at = 0; at < size;) {
    signal?.throwIfAborted();
    const wanted = Math.min(into?.length ?? CHUNK_BYTES, size - at);
    const buffer = into ? into.subarray(0, wanted) : new Uint8Array(wanted);
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, at);
    // Shorter than it was: assertUnchanged tells.
    if (bytesRead === 0) return;
    at += bytesRead;
    yield bytesRead === buffer.byteLength ? buffer : buffer.subarray(0, bytesRead);
  }
}

async function assertUnchanged(path: string, handle: FileHandle, version: FileVersion): Promise<void> {
  const now = versionOf(await handle.stat({ bigint: true }));
  if (!sameVersion(now, version)) throw changed(path);
}

function changed(path: string): RouterError {
  return new RouterError("OBJECT_CHANGED", `${path} was changed while it was read.`, {
    retryable: true,
    details: { path },
  });
}

function regularVersion(path: string, stats: BigIntStats): FileVersion {
  if (stats.isFile()) return versionOf(stats);
  throw new RouterError("OBJECT_KEY_REFUSED", `${path} is not a regular file.`, { details: { path } });
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileVersion {
  return { dev, ino, size, mtimeNs, ctimeNs };
}

function sameVersion(a: FileVersion, b: FileVersion): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

/** The racy-git problem: a file changed just now may change again without its time stamps showing it. */
function changedLately({ mtimeNs, ctimeNs }: FileVersion, nowMs: number): boolean {
  const latest = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  return latest + STAMP_RESOLUTION_NS > BigInt(Math.floor(nowMs)) * 1_000_000n;
}
