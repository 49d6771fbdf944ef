// Flushing folders to disk, one flush for everybody who waits for the same folder.
import { open } from "node:fs/promises";
import { errnoOf } from "./file-errors.ts";

/** File systems that cannot flush a folder say so with these; there is nothing more to be done then. */
const CANNOT = new Set(["EINVAL", "EISDIR", "EPERM", "ENOTSUP"]);

/**
 * A function that flushes a folder's entries to disk. Calls that come while a flush is under way share the next one: theirs may have
 * begun before their entry was made, the next one has not.
 */
export function createDirectorySync(): (directory: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();

  async function afterRunning(directory: string): Promise<void> {
    await running.get(directory)?.catch(() => undefined);
    waiting.delete(directory);
    const flush = flushDirectory(directory);
    running.set(directory, flush);
    try {
      await flush;
    } finally {
      if (running.get(directory) === flush) running.delete(directory);
    }
  }

  return (directory) => {
    const joined = waiting.get(directory);
    if (joined) return joined;
    const next = afterRunning(directory);
    waiting.set(directory, next);
    return next;
  };
}

async function flushDirectory(directory: string): Promise<void> {
  try {
    await using handle = await open(directory, "r");
    await handle.sync();
  } catch (error) {
    // A folder that has gone was emptied by a delete; there is nothing left to keep.
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && !CANNOT.has(errno ?? "")) throw error;
  }
}
