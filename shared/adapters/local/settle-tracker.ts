// Which files have been left alone for long enough. A file is judged by size, time stamps and inode; what does not move any of them for
// the settle time is finished.
import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import type { FoundFile } from "./find-files.ts";

interface Pending {
  readonly signature: string;
  /** When it was last seen to change, milliseconds. */
  readonly changedAt: number;
}

export class SettleTracker {
  readonly #settleMs: number;
  readonly #now: () => number;
  readonly #pending = new Map<string, Pending>();
  /** Signature at which each file was handed out. */
  readonly #handedOut = new Map<string, string>();

  constructor(settleMs: number, now: () => number) {
    this.#settleMs = settleMs;
    this.#now = now;
  }

  /** Milliseconds until the next file may have settled; undefined while none is pending. */
  get nextDueMs(): number | undefined {
    let first: number | undefined;
    for (const { changedAt } of this.#pending.values()) first = Math.min(first ?? Infinity, changedAt);
    return first === undefined ? undefined : Math.max(0, first + this.#settleMs - this.#now());
  }

  /** Looks at a file. Gives it back when it is new or changed since it was handed out, and has settled; later `settled` does. */
  async look(path: string): Promise<FoundFile | undefined> {
    const stats = await stat(path, { bigint: true }).catch(() => undefined);
    if (!stats?.isFile()) {
      this.#pending.delete(path);
      this.#handedOut.delete(path);
      return undefined;
    }
    const signature = signatureOf(stats);
    if (this.#handedOut.get(path) === signature) {
      this.#pending.delete(path);
      return undefined;
    }
    const before = this.#pending.get(path);
    const changedAt = before?.signature === signature ? before.changedAt : this.#changedAt(stats, before);
    if (this.#now() - changedAt < this.#settleMs) {
      this.#pending.set(path, { signature, changedAt });
      return undefined;
    }
    this.#pending.delete(path);
    this.#handedOut.set(path, signature);
    return { path, bytes: Number(stats.size) };
  }

  /** Pending files whose time has come and that are still as they were. */
  async *settled(): AsyncGenerator<FoundFile, void, undefined> {
    for (const [path, { changedAt }] of this.#pending) {
      if (this.#now() - changedAt < this.#settleMs) continue;
      const file = await this.look(path);
      if (file) yield file;
    }
  }

  /** A file seen for the first time has been as it is since its time stamps say so, unless they lie in the future. */
  #changedAt(stats: BigIntStats, before: Pending | undefined): number {
    const now = this.#now();
    if (before) return now;
    return Math.min(now, Math.max(Number(stats.mtimeMs), Number(stats.ctimeMs)));
  }
}

function signatureOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
