// DuckDB admits one process at a time, and a second opening inside one process would silently drop the first one's lock (POSIX locks
// belong to the process). So all users of a file in this process share one opening: it is opened for the first user, closed after the
// last, and reopened for nobody before it has been closed once a second, so that other processes get their turn.
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RouterError } from "../../errors/router-error.ts";
import { toRouterError } from "./errors.ts";
import { othersWait } from "./lock-queue.ts";
import type { AccessMode, OpenFile, OpenSettings } from "./open-file.ts";
import { openFile } from "./open-file.ts";
import { createSession } from "./session.ts";
import type { Session } from "./session.ts";

/** Users may join an opening this long; then it has to be closed first. */
const JOIN_MS = 1000;
/** How long this process keeps its hands off the file when another one waits: longer than that one's pause between tries. */
const POLITE_MS = 60;

export interface SharedFile {
  /** Runs `work` with the file open for reading; reads run side by side, and beside a write of this process. */
  read<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** As `read`; undefined when there is no file yet. */
  readIfPresent<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T | undefined>;
  /** Runs `work` with the file open for writing, one at a time; beside it only those that `slots` lets in. */
  write<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal, slots?: Slots): Promise<T>;
}

/**
 * What a write needs for itself: other writes with slots of their own may run at the same time, each in a transaction that does not see the
 * others' rows. Without: everything.
 */
export type Slots = ReadonlySet<string>;

interface Turn {
  readonly mode: AccessMode;
  readonly slots: Slots | undefined;
}

interface Waiter extends Turn {
  readonly settings: OpenSettings;
  readonly admit: (opening: Opening) => void;
}

interface Opening {
  readonly mode: AccessMode;
  readonly since: number;
  readonly file: Promise<OpenFile>;
  /** Ends the wait for the file when nobody is left who wants it. */
  readonly abandon: AbortController;
  users: number;
  /** Slots of the writes under way. */
  readonly writing: Set<Slots | undefined>;
}

interface Gate {
  opening: Opening | undefined;
  closing: boolean;
  readonly waiters: Waiter[];
}

const gates = new Map<string, Gate>();

/** The file's real path, though it may not exist yet. */
function realFile(file: string): string {
  const path = resolve(file);
  for (const attempt of [() => realpathSync(path), () => join(realpathSync(dirname(path)), basename(path))]) {
    try {
      return attempt();
    } catch {
      // Not there yet: the next, less exact, attempt.
    }
  }
  return path;
}

/** May this waiter use the opening now? */
function mayJoin(opening: Opening, waiter: Waiter): boolean {
  if (performance.now() - opening.since > JOIN_MS) return false;
  if (waiter.mode === "read") return true;
  return opening.mode === "write" && [...opening.writing].every((slots) => areApart(slots, waiter.slots));
}

const areApart = (a: Slots | undefined, b: Slots | undefined): boolean =>
  a !== undefined && b !== undefined && a.isDisjointFrom(b);

function open(path: string, waiter: Waiter): Opening {
  const abandon = new AbortController();
  const file = openFile(path, waiter.mode, { ...waiter.settings, signal: abandon.signal });
  // Every user awaits it and gets the error; the opening itself must not raise an unhandled one.
  file.catch(() => undefined);
  return { mode: waiter.mode, since: performance.now(), file, abandon, users: 0, writing: new Set() };
}

/** Lets in, in the order of asking, whoever may go now. */
function pump(path: string, gate: Gate): void {
  let writerWaits = false;
  for (const waiter of gate.waiters.slice()) {
    if (gate.closing) return;
    // Reads overtake a waiting writer only while another writer holds the file anyway; writers overtake none.
    if (writerWaits && (waiter.mode === "write" || gate.opening?.mode === "read")) continue;
    const opening = (gate.opening ??= open(path, waiter));
    if (!mayJoin(opening, waiter)) {
      writerWaits ||= waiter.mode === "write";
      continue;
    }
    gate.waiters.splice(gate.waiters.indexOf(waiter), 1);
    opening.users++;
    if (waiter.mode === "write") opening.writing.add(waiter.slots);
    waiter.admit(opening);
  }
}

async function leave(path: string, gate: Gate, opening: Opening, { mode, slots }: Turn): Promise<void> {
  opening.users--;
  if (mode === "write") opening.writing.delete(slots);
  // Only the pump knows whom its order lets in: a reader that could join may have to stand behind a writer that cannot.
  pump(path, gate);
  if (opening.users > 0) return;
  gate.closing = true;
  opening.abandon.abort();
  try {
    const file = await opening.file.catch(() => undefined);
    await file?.close();
    if (file && othersWait(path)) await sleep(POLITE_MS);
  } finally {
    gate.opening = undefined;
    gate.closing = false;
    pump(path, gate);
  }
}

/** Waits for a turn at the gate; a waiter whose signal fires leaves the queue. */
async function enter(path: string, gate: Gate, turn: Turn, settings: OpenSettings): Promise<Opening> {
  const { promise, resolve: admit, reject } = Promise.withResolvers<Opening>();
  const waiter: Waiter = { ...turn, settings, admit };
  const giveUp = (): void => {
    const place = gate.waiters.indexOf(waiter);
    if (place < 0) return;
    gate.waiters.splice(place, 1);
    reject(settings.signal?.reason);
  };
  settings.signal?.throwIfAborted();
  settings.signal?.addEventListener("abort", giveUp, { once: true });
  gate.waiters.push(waiter);
  pump(path, gate);
  try {
    return await promise;
  } finally {
    settings.signal?.removeEventListener("abort", giveUp);
  }
}

/** The promise's value, or the signal's reason if that comes first. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function use<T>(
  path: string,
  turn: Turn,
  settings: OpenSettings,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  let gate = gates.get(path);
  if (!gate) gates.set(path, (gate = { opening: undefined, closing: false, waiters: [] }));
  try {
    const opening = await enter(path, gate, turn, settings);
    try {
      const connection = await (await unlessAborted(opening.file, settings.signal)).connect();
      try {
        return await work(createSession(connection, settings.signal));
      } finally {
        connection.closeSync();
      }
    } finally {
      await leave(path, gate, opening, turn);
    }
  } catch (error) {
    if (settings.signal?.aborted)
      throw new RouterError("ABORTED", `work on ${path} was stopped`, { retryable: true, cause: error });
    throw toRouterError(error, path);
  }
}

/** The database file as this process uses it. Cheap: nothing is opened before `read` or `write`. */
export function createSharedFile(file: string, settings: Omit<OpenSettings, "signal">): SharedFile {
  // Resolved at each use: the file may come to exist in between, behind a symbolic link.
  const withSignal = (signal?: AbortSignal): OpenSettings => ({ ...settings, ...(signal ? { signal } : {}) });
  const reading: Turn = { mode: "read", slots: undefined };
  return {
    read: (work, signal) => use(realFile(file), reading, withSignal(signal), work),
    readIfPresent: async (work, signal) =>
      existsSync(file) ? use(realFile(file), reading, withSignal(signal), work) : undefined,
    write: (work, signal, slots) => use(realFile(file), { mode: "write", slots }, withSignal(signal), work),
  };
}
