// Files that are flushed to disk some time after they have been written, many at once: what the file system writes down for one of them
// (its journal) mostly covers the others. Those that grow are flushed on the way as well, so that at the end there is not all of it to wait for.
import { closeSync } from "node:fs";
import { flush } from "./flush.ts";
import type { GroupFlush } from "./group-flush.ts";
import type { NameFlush, NewNames } from "./new-names.ts";

/** Open files that wait; beyond, they are flushed without anybody asking. */
const MAX_WAITING = 256;
/** So much of growing files waits for the disk before they are flushed beside the writing. */
const EARLY_BYTES = 4 * 1024 * 1024;

export class LateFlush implements NameFlush, AsyncDisposable {
  readonly #flushes: GroupFlush;
  readonly #names: NewNames;
  #waiting: number[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #directories = new Set<string>();
  /** Files that have grown since they were flushed. */
  #grown = new Set<number>();
  #grownBytes = 0;
  #early: Promise<void> | undefined;
  /** A flush that failed may succeed the next time, without the bytes. */
  #earlyFailure: { readonly error: unknown } | undefined;

  constructor(flushes: GroupFlush, names: NewNames) {
    this.#flushes = flushes;
    this.#names = names;
  }

  /** Takes over an open file that has been written. Waits when too many are open. */
  readonly add = async (file: number): Promise<void> => {
    this.#waiting.push(file);
    if (this.#waiting.length >= MAX_WAITING) await this.#flushWaiting();
  };

  /** An open file has got so many bytes more. */
  grew(file: number, bytes: number): void {
    this.#grown.add(file);
    this.#grownBytes += bytes;
    if (this.#grownBytes >= EARLY_BYTES) {
      this.#early ??= this.#flushGrown().finally(() => (this.#early = undefined));
    }
  }

  /** Resolves when a file that grew may be closed; it is not flushed any more. */
  async forget(file: number): Promise<void> {
    this.#grown.delete(file);
    await this.#early;
  }

  /** One after the other: a flush waits in the thread pool, where others work. */
  async #flushGrown(): Promise<void> {
    while (this.#grownBytes >= EARLY_BYTES) {
      const files = this.#grown;
      [this.#grown, this.#grownBytes] = [new Set(), 0];
      for (const file of files) {
        await flush(file).catch((error: unknown) => {
          this.#earlyFailure ??= { error };
        });
      }
    }
  }

  sync(folder: string): Promise<void> {
    for (const each of this.#names.foldersOf(folder)) this.#directories.add(each);
    return Promise.resolve();
  }

  made(folder: string): void {
    this.#names.made(folder);
  }

  /** Flushes all that was added. What failed once fails every time: nobody knows what is on the disk. */
  async flush(): Promise<void> {
    // Files and folders in one group: until all of it is on the disk nothing may name the objects, so the order does not matter.
    const files = this.#flushWaiting();
    const directories = this.#directories;
    this.#directories = new Set();
    try {
      await allOf([files, ...Array.from(directories, this.#names.flush)]);
    } catch (error) {
      for (const directory of directories) this.#directories.add(directory);
      throw error;
    }
    if (this.#earlyFailure) throw this.#earlyFailure.error;
  }

  /** Waits for what is under way and closes the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flushing.catch(() => undefined);
    await this.#early;
    for (const file of this.#waiting.splice(0)) {
      try {
        closeSync(file);
      } catch {
        // Nobody relies on it.
      }
    }
  }

  #flushWaiting(): Promise<void> {
    const before = this.#flushing;
    const files = this.#waiting;
    this.#waiting = [];
    for (const file of files) this.#grown.delete(file);
    this.#flushing = this.#flushAll(files, this.#early).then(() => before);
    // Met by whoever flushes.
    this.#flushing.catch(() => undefined);
    return this.#flushing;
  }

  /** A file that `others` flush as well is closed after that. */
  async #flushAll(files: readonly number[], others: Promise<void> | undefined): Promise<void> {
    await allOf(
      files.map(async (file) => {
        try {
          await this.#flushes.file(file);
        } finally {
          await others;
          closeSync(file);
        }
      }),
    );
  }
}

/** Waits for every one of them, then throws what the first that failed has thrown. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
