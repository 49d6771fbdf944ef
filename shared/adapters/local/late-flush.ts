// Files that are flushed to disk some time after they have been written, many at once: what the file system writes down for one of them
// (its journal) mostly covers the others.
import { closeSync } from "node:fs";
import { flush } from "./flush.ts";

/** Open files that wait; beyond, they are flushed without anybody asking. */
const MAX_WAITING = 256;

export class LateFlush implements AsyncDisposable {
  readonly #syncDirectory: (directory: string) => Promise<void>;
  #waiting: number[] = [];
  #flushing: Promise<void> = Promise.resolve();
  readonly #directories = new Set<string>();

  constructor(syncDirectory: (directory: string) => Promise<void>) {
    this.#syncDirectory = syncDirectory;
  }

  /** Takes over an open file that has been written. Waits when too many are open. */
  async add(file: number): Promise<void> {
    this.#waiting.push(file);
    if (this.#waiting.length >= MAX_WAITING) await this.#flushWaiting();
  }

  readonly addDirectory = (directory: string): Promise<void> => {
    this.#directories.add(directory);
    return Promise.resolve();
  };

  /** Flushes all that was added. What failed once fails every time: nobody knows what is on the disk. */
  async flush(): Promise<void> {
    await this.#flushWaiting();
    await Promise.all([...this.#directories].map((directory) => this.#syncDirectory(directory)));
    this.#directories.clear();
  }

  /** Waits for what is under way and closes the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flushing.catch(() => undefined);
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
    this.#flushing = flushAll(files).then(() => before);
    // Met by whoever flushes.
    this.#flushing.catch(() => undefined);
    return this.#flushing;
  }
}

async function flushAll(files: readonly number[]): Promise<void> {
  const results = await Promise.allSettled(
    files.map(async (file) => {
      try {
        await flush(file);
      } finally {
        closeSync(file);
      }
    }),
  );
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
