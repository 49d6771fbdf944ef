// Proof of life for the processes that share a queue file: each holds a lock of the operating system on a file of its own, which ends
// with the process however it ends. So the messages of a process that was killed come back at once, not after their visibility
// time-out. Process ids would not do: they are used again, and containers that share a folder do not share them.
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { randomUUID } from "node:crypto";

/** A file this young may belong to a process that is about to lock it. */
const YOUNG_MS = 60_000;

export class QueueOwner implements Disposable {
  /** In front of every lease of this process. */
  readonly id: string;
  readonly #queueFile: string;
  readonly #lock: DatabaseSync | undefined;

  /** Takes the lock. Where files cannot be locked, leases simply last until their visibility time-out. */
  constructor(queueFile: string) {
    this.id = randomUUID();
    this.#queueFile = queueFile;
    this.#lock = tryLock(ownerFile(queueFile, this.id));
  }

  /** The owner that a lease names. */
  static ofLease(lease: string): string {
    return lease.slice(0, lease.indexOf(":"));
  }

  newLease(): string {
    return `${this.#lock ? this.id : ""}:${randomUUID()}`;
  }

  /** Whether the process of that owner has ended. False when in doubt. */
  hasEnded(owner: string): boolean {
    if (owner === "" || owner === this.id) return false;
    return hasEnded(ownerFile(this.#queueFile, owner));
  }

  /** Removes the files of owners that have ended. Their leases need no file: an owner without one has ended. */
  removeEnded(nowMs: number): void {
    const folder = dirname(this.#queueFile);
    const prefix = basename(ownerFile(this.#queueFile, ""));
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      if (!name.startsWith(prefix) || name === prefix + this.id) continue;
      const stats = statSync(file, { throwIfNoEntry: false });
      if (stats && nowMs - stats.mtimeMs > YOUNG_MS && hasEnded(file)) rmSync(file, { force: true });
    }
  }

  [Symbol.dispose](): void {
    this.#lock?.close();
    rmSync(ownerFile(this.#queueFile, this.id), { force: true });
  }
}

function ownerFile(queueFile: string, owner: string): string {
  return `${queueFile}-owner-${owner}`;
}

function tryLock(file: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    // Never committed: the lock is all that is wanted.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
    return db;
  } catch {
    db?.close();
    return undefined;
  }
}

function hasEnded(file: string): boolean {
  if (!existsSync(file)) return true;
  const lock = tryLock(file);
  lock?.close();
  return lock !== undefined;
}
