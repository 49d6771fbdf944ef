// Writing a file so that it is there whole or not at all, also after a power failure (see README.md for the order).
import { randomUUID } from "node:crypto";
import { closeSync, linkSync, mkdirSync, openSync, renameSync, unlinkSync, write, writeSync } from "node:fs";
import { readdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { PutResult } from "../../ports/object-store.ts";
import { etagHash, etagOf } from "../object-helpers.ts";
import { errnoOf } from "./file-errors.ts";
import { flush as flushFile } from "./flush.ts";
import type { NameFlush } from "./new-names.ts";
import { INCOMING } from "./object-key.ts";

export interface WriteOptions {
  readonly ifAbsent: boolean;
  readonly signal: AbortSignal | undefined;
  readonly names: NameFlush;
  /** Nobody looks at the ETag of a small body, which stays empty. */
  readonly withoutEtag?: boolean;
  /** Flushes a small file. */
  readonly flush: (file: number) => Promise<void>;
  /** The file is `flush`'s from then on, to be closed, and flushed some time later. Default false. */
  readonly isHandedOver?: boolean;
}

/**
 * Up to here a body in one piece is written by calls that do not wait in the thread pool for their turn: they take microseconds, only flushing
 * waits for the disk. With thousands of small parts, the way through the pool and back cost more than all the rest.
 */
const AT_ONCE_BYTES = 128 * 1024;
/** Up to here it is written by one call, in the thread pool, and may be flushed later. */
const ONE_PIECE_BYTES = 1024 * 1024;

const inPool = promisify(write);

/** A delete may take the empty folder away between its making and the naming; more often than this in a row is something else. */
const NAMING_ATTEMPTS = 5;

/** Writes `body` under `<root>/<key>`, both as they are: the key has been looked at (object-key.ts). */
export async function writeFileWhole(
  root: string,
  key: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<PutResult> {
  options.signal?.throwIfAborted();
  const temporary = temporaryPath(root);
  let isThere = true;
  try {
    const isSmall = body instanceof Uint8Array && body.length <= ONE_PIECE_BYTES;
    const written = isSmall
      ? await writePiece(root, temporary, body, options)
      : await writeFlushed(root, temporary, body, options.signal);
    options.signal?.throwIfAborted();
    const created = await giveName(root, temporary, key, options);
    isThere = !created || options.ifAbsent;
    return created ? { created, ...written } : { created, etag: "", bytes: 0 };
  } finally {
    if (isThere) removeQuietly(temporary);
  }
}

function temporaryPath(root: string): string {
  return `${root}/${INCOMING}/${randomUUID()}`;
}

/** A new file in the folder for temporary files. */
export function openTemporary(root: string, path = temporaryPath(root)): { file: number; path: string } {
  return { file: inIncoming(root, () => openSync(path, "wx")), path };
}

async function writePiece(
  root: string,
  path: string,
  body: Uint8Array,
  { flush, isHandedOver = false, withoutEtag = false }: WriteOptions,
): Promise<{ etag: string; bytes: number }> {
  const { file } = openTemporary(root, path);
  let isOurs = true;
  let etag = "";
  try {
    const writing = body.length <= AT_ONCE_BYTES ? undefined : writeInPool(file, body);
    if (!writing) for (let at = 0; at < body.length;) at += writeSync(file, body, at);
    if (!withoutEtag) etag = etagOf(body);
    await writing;
    isOurs = !isHandedOver;
    await flush(file);
  } finally {
    if (isOurs) closeSync(file);
  }
  return { etag, bytes: body.length };
}

/** Writes at the file's end, in the thread pool. */
export async function writeInPool(file: number, body: Uint8Array): Promise<void> {
  for (let at = 0; at < body.length;) at += (await inPool(file, body, at)).bytesWritten;
}

/** Makes the folder for temporary files when it turns out to be missing. */
function inIncoming<T>(root: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    mkdirSync(join(root, INCOMING), { recursive: true });
    return work();
  }
}

export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not there, or the sweep for leftovers takes it.
  }
}

async function writeFlushed(
  root: string,
  path: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<{ etag: string; bytes: number }> {
  const hash = etagHash();
  let bytes = 0;
  const { file } = openTemporary(root, path);
  try {
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      signal?.throwIfAborted();
      const writing = writeInPool(file, chunk);
      // Meanwhile.
      hash.update(chunk);
      await writing;
      bytes += chunk.byteLength;
    }
    await flushFile(file);
  } finally {
    closeSync(file);
  }
  return { etag: hash.digest(), bytes };
}

/** False when the key was to be absent and is not. */
export async function giveName(
  root: string,
  temporary: string,
  key: string,
  { ifAbsent, names }: Pick<WriteOptions, "ifAbsent" | "names">,
): Promise<boolean> {
  const target = `${root}/${key}`;
  const folder = dirname(target);
  // What must be absent mostly is the first in a folder of its own: to learn that it is missing from an error would cost more.
  if (ifAbsent) makeFolder(folder, names);
  for (let attempt = 1; ; attempt++) {
    try {
      if (ifAbsent) linkSync(temporary, target);
      else renameSync(temporary, target);
    } catch (error) {
      if (errnoOf(error) === "ENOENT" && attempt < NAMING_ATTEMPTS) {
        makeFolder(folder, names);
        continue;
      }
      if (!ifAbsent || errnoOf(error) !== "EEXIST" || (await isFolder(target))) throw error;
      // The winner's name may not be on disk yet, and the loser is about to rely on it.
      await names.sync(folder);
      return false;
    }
    await names.sync(folder);
    return true;
  }
}

function makeFolder(folder: string, names: NameFlush): void {
  const made = mkdirSync(folder, { recursive: true });
  if (made !== undefined) names.made(made);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Removes what writers that died have left behind: temporary files not touched for `ageMs`. Returns how many. */
export async function removeLeftovers(root: string, ageMs: number, nowMs: number): Promise<number> {
  const incoming = join(root, INCOMING);
  let removed = 0;
  for (const name of await readdir(incoming).catch(() => [])) {
    const path = join(incoming, name);
    const stats = await stat(path).catch(() => undefined);
    if (!stats || nowMs - stats.mtimeMs < ageMs) continue;
    await unlink(path).then(
      () => removed++,
      () => undefined,
    );
  }
  return removed;
}
