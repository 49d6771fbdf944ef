// Flushing files and folders to disk for many who wait at the same time: whoever asks while others are being flushed joins the next group, in which
// each folder is flushed once. Thousands of small objects share the folders' flushes then, and the way through the thread pool.
import { closeSync, openSync } from "node:fs";
import { errnoOf } from "./file-errors.ts";
import { flush } from "./flush.ts";

/** File systems that cannot flush a folder say so with these; there is nothing more to be done then. */
const CANNOT = new Set(["EINVAL", "EISDIR", "EPERM", "ENOTSUP"]);

export interface GroupFlush {
  /** Resolves when what was written to the open file before the call is on the disk. It must stay open until then. */
  file(file: number): Promise<void>;
  /** Resolves when the folder's entries are on the disk as they were at the call. */
  directory(path: string): Promise<void>;
}

/** What waits for one flush. */
interface Target {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Groups under way at a time: while the last flush of one ends, the next one keeps the disk at work. */
const GROUPS = 2;

/** `flushFile`: how an open file or folder is flushed. */
export function createGroupFlush(flushFile = flush): GroupFlush {
  let gathering = new Map<number | string, Target>();
  let underWay = 0;
  let isStarting = false;

  function join(target: number | string): Promise<void> {
    // Whatever is in the group that gathers has not begun: what was done before this call will be seen.
    let joined = gathering.get(target);
    if (!joined) gathering.set(target, (joined = Promise.withResolvers<void>()));
    startSoon();
    return joined.promise;
  }

  /** Whoever has been woken up by what ended just now still joins. */
  function startSoon(): void {
    if (isStarting || underWay >= GROUPS || gathering.size === 0) return;
    isStarting = true;
    setImmediate(() => void start());
  }

  async function start(): Promise<void> {
    const group = gathering;
    gathering = new Map();
    isStarting = false;
    underWay++;
    await Promise.all(Array.from(group, ([target, waiting]) => flushOne(target, waiting)));
    underWay--;
    startSoon();
  }

  async function flushOne(target: number | string, { resolve, reject }: Target): Promise<void> {
    try {
      await (typeof target === "number" ? flushFile(target) : flushDirectory(target, flushFile));
      resolve();
    } catch (error) {
      reject(error);
    }
  }

  return { file: join, directory: join };
}

async function flushDirectory(directory: string, flushFile: typeof flush): Promise<void> {
  try {
    const folder = openSync(directory, "r");
    try {
      await flushFile(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    // A folder that has gone was emptied by a delete; there is nothing left to keep.
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && !CANNOT.has(errno ?? "")) throw error;
  }
}
