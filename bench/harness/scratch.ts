// Scratch folders, on the same file system as the samples.
import { rmSync } from "node:fs";
import { mkdtemp, opendir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const open = new Set<string>();
// Also when somebody stops the benchmark in the middle (run.ts ends by process.exit then).
process.on("exit", () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Files whose removal would be felt by what is measured next: ext4 passes over the inodes of the last minutes one by one when it makes a file. */
const MANY_FILES = 1000;

/** A folder for one run, removed afterwards, or, when there are very many files in it, at the end of the process. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "log-router-bench-run-"));
  open.add(folder);
  try {
    return await work(folder);
  } finally {
    if (!(await hasMany(folder).catch(() => false))) {
      await rm(folder, { recursive: true, force: true });
      open.delete(folder);
    }
  }
}

async function hasMany(folder: string): Promise<boolean> {
  let files = 0;
  for await (const _ of await opendir(folder, { recursive: true })) if (++files > MANY_FILES) return true;
  return false;
}
