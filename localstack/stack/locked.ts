// One `up` or `down` of a stack at a time, whoever calls it: a lock of the operating system on a file beside the stack's folder. It ends with the
// process that holds it, however that ends.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

/** Longer than an emulator takes that is installed first. */
const PATIENCE_MS = 300_000;
const LOOK_MS = 100;

/** Waits for its turn; throws after `patienceMs`. `onWait` is called once when somebody else has it. */
export async function locked<T>(
  folder: string,
  work: () => Promise<T>,
  onWait: () => void = () => undefined,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const file = `${folder}.lock`;
  mkdirSync(dirname(file), { recursive: true });
  const end = Date.now() + patienceMs;
  for (let turn = 0; ; turn++) {
    const lock = tryLock(file);
    if (lock) {
      try {
        return await work();
      } finally {
        lock.close();
      }
    }
    if (turn === 0) onWait();
    if (Date.now() > end)
      throw new Error(`another \`make up\` or \`make down\` has held ${file} for ${patienceMs / 1000} s`);
    await sleep(LOOK_MS);
  }
}

/** The file stays: who removes it while another waits for it makes two locks of one. */
function tryLock(file: string): DatabaseSync | undefined {
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // Never committed: the lock is all that is wanted.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
    return db;
  } catch (error) {
    db.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) return undefined;
    throw error;
  }
}
