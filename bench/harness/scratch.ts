// Scratch folders, on the same file system as the samples.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const open = new Set<string>();
// Also when somebody stops the benchmark in the middle (run.ts ends by process.exit then).
process.on("exit", () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A folder for one run, removed afterwards. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "log-router-bench-run-"));
  open.add(folder);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    open.delete(folder);
  }
}
