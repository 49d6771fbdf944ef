// DuckDB's file lock is taken by whoever asks first, so a busy process that opens the file again and again could starve the others.
// Whoever waits leaves a small file beside the database; whoever has just closed it and sees one gives the others a moment.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { kill, pid } from "node:process";

function isAlive(other: number): boolean {
  try {
    kill(other, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

const prefixOf = (file: string): string => `${basename(file)}.waiting.`;

/** Says that this process waits for `file` until disposed. Best effort: where nothing can be written nobody is polite. */
export function announceWaiting(file: string): Disposable {
  const marker = join(dirname(file), `${prefixOf(file)}${pid}`);
  try {
    writeFileSync(marker, "");
  } catch {
    // A folder that cannot be written to holds a file that is only read: there is nothing to be fair about.
  }
  return { [Symbol.dispose]: () => rmSync(marker, { force: true }) };
}

/** True when another live process waits for `file`. Markers of processes that died are removed on the way. */
export function othersWait(file: string): boolean {
  let names: string[];
  try {
    names = readdirSync(dirname(file));
  } catch {
    return false;
  }
  const prefix = prefixOf(file);
  return names
    .filter((name) => name.startsWith(prefix))
    .some((name) => {
      const waiting = Number(name.slice(prefix.length));
      if (waiting === pid) return false;
      if (Number.isInteger(waiting) && isAlive(waiting)) return true;
      rmSync(join(dirname(file), name), { force: true });
      return false;
    });
}
