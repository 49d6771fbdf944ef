// Remembers the hashes of files, so that a second run over the same folder does not read gigabytes to learn that nothing is new. Only
// a help: what it says is checked when the bytes are read, and an unusable cache is the same as an empty one.
import { DatabaseSync } from "node:sqlite";
import type { FileVersion } from "./pinned-file.ts";

export interface EtagCache {
  get(path: string, version: FileVersion): string | undefined;
  put(path: string, version: FileVersion, etag: string): void;
  forget(path: string): void;
}

/** Entries older than this are dropped when the cache is opened. */
const KEEP_DAYS = 90;
/** The wait for another process's transaction blocks this one's event loop. A cache is not worth more. */
const BUSY_TIMEOUT_MS = 50;

export class SqliteEtagCache implements EtagCache, Disposable {
  readonly #db: DatabaseSync | undefined;
  readonly #today: number;

  /** Opens or creates the cache file. `now` decides what is too old. */
  constructor(file: string, now: Date) {
    this.#today = Math.floor(now.getTime() / 86_400_000);
    this.#db = quietly(() => new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS }));
    quietly(() => {
      this.#db?.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        CREATE TABLE IF NOT EXISTS etags (
          path TEXT PRIMARY KEY, version TEXT NOT NULL, etag TEXT NOT NULL, hashed_day INTEGER NOT NULL
        ) WITHOUT ROWID;
      `);
      this.#db?.prepare("DELETE FROM etags WHERE hashed_day < ?").run(this.#today - KEEP_DAYS);
    });
  }

  get(path: string, version: FileVersion): string | undefined {
    return quietly(() => {
      const row = this.#db
        ?.prepare("SELECT etag FROM etags WHERE path = ? AND version = ?")
        .get(path, versionText(version));
      return typeof row?.["etag"] === "string" ? row["etag"] : undefined;
    });
  }

  put(path: string, version: FileVersion, etag: string): void {
    quietly(() => {
      this.#db
        ?.prepare("INSERT OR REPLACE INTO etags (path, version, etag, hashed_day) VALUES (?, ?, ?, ?)")
        .run(path, versionText(version), etag, this.#today);
    });
  }

  forget(path: string): void {
    quietly(() => this.#db?.prepare("DELETE FROM etags WHERE path = ?").run(path));
  }

  [Symbol.dispose](): void {
    this.#db?.close();
  }
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Without the device number, which differs from one boot to the next on some file systems. */
function versionText({ ino, size, mtimeNs, ctimeNs }: FileVersion): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
