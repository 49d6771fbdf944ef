// Temporary folders that remove themselves; what is not removed by the end fails the run (root-hooks.ts).
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const open = new Set<string>();

export interface TempDir extends Disposable {
  readonly path: string;
}

/** Use as `using dir = tempDir()`. The path is real (no symbolic links in it). */
export function tempDir(): TempDir {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "log-router-test-")));
  open.add(path);
  return {
    path,
    [Symbol.dispose](): void {
      rmSync(path, { recursive: true, force: true });
      open.delete(path);
    },
  };
}

export function leakedTempDirs(): string[] {
  return [...open];
}
