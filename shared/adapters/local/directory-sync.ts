// Flushing folders to disk, one flush for everybody who waits for the same folder.
import { closeSync, openSync } from "node:fs";
import { errnoOf } from "./file-errors.ts";
import { flush } from "./flush.ts";

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
    const flushing = flushDirectory(directory);
    running.set(directory, flushing);
    try {
      await flushing;
    } finally {
      if (running.get(directory) === flushing) running.delete(directory);
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
    const folder = openSync(directory, "r");
    try {
      await flush(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    // A folder that has gone was emptied by a delete; there is nothing left to keep.
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && !CANNOT.has(errno ?? "")) throw error;
  }
}
