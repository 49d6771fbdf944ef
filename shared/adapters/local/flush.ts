// Flushing an open file or folder to disk, in the thread pool.
import { fsync } from "node:fs";

/** Resolves when what was written to the file is on the disk. */
export function flush(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(file, (error) => (error ? reject(error) : resolve()));
  });
}
