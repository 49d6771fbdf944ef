// One bounded file a source for compressed frames, of all event types together. Small frames are written a megabyte at a time. The file
// has no name once it is open: whatever ends the process, nothing stays behind.
import { randomBytes } from "node:crypto";
import { readSync } from "node:fs";
import { mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { Extents, type Extent } from "./extents.ts";

const WINDOW_BYTES = 1024 * 1024;
/** So much is read in a few microseconds from what the system has cached. */
const NOW_BYTES = 64 * 1024;

/** A stretch of the file being filled in memory. */
interface Window {
  readonly extent: Extent;
  readonly bytes: Uint8Array;
  used: number;
  writing: Promise<void> | undefined;
  /** Released while the window was not written yet; free only afterwards, or the write would hit somebody else's bytes. */
  readonly released: Extent[];
}

export class ScratchFile implements AsyncDisposable {
  readonly #folder: string;
  readonly #extents: Extents;
  #file: Promise<FileHandle> | undefined;
  #opened: FileHandle | undefined;
  #window: Window | undefined;
  readonly #writing = new Set<Window>();
  /** The buffer of a window that has been written, for the next one. */
  #spare: Uint8Array | undefined;

  constructor(folder: string, limitBytes: number) {
    this.#folder = folder;
    this.#extents = new Extents(limitBytes);
  }

  /** Keeps the bytes. Undefined when the file has no room; SCRATCH_FULL when the disk has none (retryable). */
  async store(bytes: Uint8Array): Promise<Extent | undefined> {
    if (bytes.length > WINDOW_BYTES / 2) {
      const extent = this.#extents.allocate(bytes.length);
      if (extent) await this.#write(bytes, extent.offset);
      return extent;
    }
    if (!this.#window || this.#window.used + bytes.length > this.#window.bytes.length) {
      const closing = this.#closeWindow();
      const opened = this.#openWindow(bytes.length);
      await closing;
      if (!opened) return undefined;
    }
    // Several callers may have waited: the window may be full again, or gone.
    const window = this.#window;
    if (!window || window.used + bytes.length > window.bytes.length) return this.store(bytes);
    return put(window, bytes);
  }

  /** Keeps a few bytes where that needs no waiting; undefined: `store` is to be called. */
  storeNow(bytes: Uint8Array): Extent | undefined {
    const window = this.#window;
    if (!window || window.used + bytes.length > window.bytes.length) return undefined;
    return put(window, bytes);
  }

  /** `read` without a way through the thread pool. False for more than a few bytes. */
  readNow(extent: Extent, into: Uint8Array): boolean {
    if (extent.length > NOW_BYTES || this.#windowOf(extent) || !this.#opened) return false;
    for (let at = 0; at < extent.length;) {
      const got = readSync(this.#opened.fd, into, at, extent.length - at, extent.offset + at);
      if (got === 0) throw tooShort();
      at += got;
    }
    return true;
  }

  /** Copies the bytes of an extent to the start of `into`. */
  async read(extent: Extent, into: Uint8Array): Promise<void> {
    const window = this.#windowOf(extent);
    if (window) {
      const start = extent.offset - window.extent.offset;
      into.set(window.bytes.subarray(start, start + extent.length));
      return;
    }
    const file = await this.#open();
    for (let at = 0; at < extent.length;) {
      const { bytesRead } = await file.read(into, at, extent.length - at, extent.offset + at);
      if (bytesRead === 0) throw tooShort();
      at += bytesRead;
    }
  }

  release(extent: Extent): void {
    const window = this.#windowOf(extent);
    if (window) window.released.push(extent);
    else this.#extents.release(extent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#writing].map(async (window) => window.writing));
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
  }

  #windowOf(extent: Extent): Window | undefined {
    if (this.#window && contains(this.#window.extent, extent)) return this.#window;
    for (const window of this.#writing) if (contains(window.extent, extent)) return window;
    return undefined;
  }

  #openWindow(atLeast: number): boolean {
    if (this.#window) return true;
    for (let size = WINDOW_BYTES; ; size = Math.max(atLeast, size >>> 1)) {
      const extent = this.#extents.allocate(size);
      if (extent) {
        const bytes =
          size === WINDOW_BYTES ? (this.#spare ?? Buffer.allocUnsafe(size)) : Buffer.allocUnsafe(size);
        if (bytes === this.#spare) this.#spare = undefined;
        this.#window = { extent, bytes, used: 0, writing: undefined, released: [] };
        return true;
      }
      if (size === atLeast) return false;
    }
  }

  /** Gives the unused tail back and writes the rest. Frames in it are durable enough: the file does not outlive the process anyway. */
  async #closeWindow(): Promise<void> {
    const window = this.#window;
    if (!window) return;
    this.#window = undefined;
    const { extent, bytes, used } = window;
    this.#extents.release({ offset: extent.offset + used, length: extent.length - used });
    this.#writing.add(window);
    window.writing = this.#write(bytes.subarray(0, used), extent.offset);
    try {
      await window.writing;
    } finally {
      this.#writing.delete(window);
      if (bytes.length === WINDOW_BYTES) this.#spare = bytes;
      for (const extent of window.released) this.#extents.release(extent);
    }
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      const file = await this.#open();
      for (let at = 0; at < bytes.length;) {
        at += (await file.write(bytes, at, bytes.length - at, offset + at)).bytesWritten;
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RouterError("SCRATCH_FULL", `Cannot write scratch data in ${this.#folder}: ${reason}.`, {
        retryable: true,
        details: { folder: this.#folder },
        cause,
      });
    }
  }

  #open(): Promise<FileHandle> {
    this.#file ??= openUnnamed(this.#folder).then((file) => (this.#opened = file));
    return this.#file;
  }
}

/** The window must have room. */
function put(window: Window, bytes: Uint8Array): Extent {
  window.bytes.set(bytes, window.used);
  const extent = { offset: window.extent.offset + window.used, length: bytes.length };
  window.used += bytes.length;
  return extent;
}

function tooShort(): RouterError {
  return new RouterError("INTERNAL", "The scratch file is shorter than what was written.");
}

function contains(outer: Extent, inner: Extent): boolean {
  return inner.offset >= outer.offset && inner.offset + inner.length <= outer.offset + outer.length;
}

async function openUnnamed(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `log-router-${randomBytes(8).toString("hex")}.scratch`);
  const file = await open(path, "wx+", 0o600);
  await rm(path);
  return file;
}
