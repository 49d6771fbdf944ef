// The scanners of a process. One thread: the main one, no worker. More: the main one and worker threads that scan and compress, started when there is
// enough to do, which all sources share block by block; results come back as promises, so whoever keeps them in order gets output that does not depend
// on the number of threads.
import { setImmediate } from "node:timers/promises";
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { Block } from "../frame/framed.ts";
import type { SmallSource, SmallSplit } from "../small/split-small.ts";
import { hasEarlyThread, stopEarlyThread, takeThread } from "./early-thread.ts";
import { isShared } from "./shared-buffer.ts";
import type { ScannedBlock, SourceScan, SourceScanner } from "./source-scanner.ts";
import { hasEnded, ScanThread, type TakeShapes } from "./scan-thread.ts";
import { WORTH_A_THREAD_BYTES } from "./worth-a-thread.ts";

/** One source in one attempt. */
export interface ScanSession {
  /** Blocks that should be under way while the next one is read, so that no scanner waits: the fewer, the more sources are. */
  readonly ahead: number;
  /** Takes the block's buffer; it comes back with the result. */
  scan(block: Block): Promise<ScannedBlock>;
  /**
   * Once every scan has ended, hands over the shapes of these event types that no result has carried, or of all that were not asked for yet,
   * for merging: an event type may come several times.
   */
  shapes(eventTypes: readonly string[] | undefined, take: TakeShapes): Promise<void>;
  /** True when one scanner has had all blocks so far: its shapes need no merging. */
  readonly isAlone: boolean;
  /** As `shapes`, of a session that `isAlone`: the JSON text of each, made where the shape is. */
  shapeTexts(eventTypes: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Takes back the buffer of a result's segments once they have been written. */
  recycle(buffer: ArrayBuffer): void;
  close(): void;
}

export interface ScanPool extends AsyncDisposable {
  /** One scanner gets all blocks of a source, in order: it counts the lines. */
  readonly isSingle: boolean;
  /** `storedBytes`: how large the source is. */
  open(scan: SourceScan, storedBytes: number): Promise<ScanSession>;
  /** A source of this size is going to be opened: threads that it is worth are started now. Need not be told. */
  expect(storedBytes: number): void;
  /**
   * Makes a zstd frame of `raw`, which is written over, in a thread that has time for it; undefined where FrameCompressor has it. No promise when none
   * has time, or `raw` is not in memory that threads share: who asks does it, and the threads catch up meanwhile.
   */
  compress(raw: Uint8Array, level: number): Promise<Uint8Array | undefined> | undefined;
  /** As `open`, for a source of a few kilobytes: the calling thread scans it, at once. To hand it to another would be most of the work. */
  openSmall(scan: SourceScan): Promise<ScanSession>;
  /**
   * A small source whole in a thread; undefined as `SmallSplitter.split` has it. No promise as long as no thread is worth it, or when they have much to
   * do, unless the caller `isPatient`: it has time for it then.
   */
  splitSmall(
    source: SmallSource,
    config: Config,
    settings: SourceSettings,
    isPatient?: boolean,
  ): Promise<SmallSplit | undefined> | undefined;
}

/**
 * A thread with so much to do (blocks and frames) takes no more frames. Of one source it has up to three blocks: with one thing more it has always
 * something to do, and with two more the main thread, which waits for the blocks, has sometimes nothing (measured: bench/did-not-help.md).
 */
const BUSY = 4;
/** Blocks under way, of all sources, beyond one for each scanner. */
const BEYOND_SCANNERS = 2;
/** Buffers of part lines that are kept until the next block is sent. */
const MAX_WRITTEN = 4;
/**
 * Stored bytes of small sources that wait for a thread, about: beyond, the calling thread does the next one. Of very small ones, where that thread with its
 * files is what the others wait for, there are never so many in work.
 */
const BACKLOG_BYTES = 512 * 1024;
/** A small source takes as long as so many bytes of a large one. */
const SMALL_COUNTS_BYTES = 16 * 1024;

/**
 * `threads`: the main one, which reads and collects, is one of them. A scanner keeps up with it: as many scanners as cores got in its way. `littleBytes`:
 * stored bytes that are scanned by the main thread before others are started.
 */
export function createScanPool(threads: number, littleBytes = WORTH_A_THREAD_BYTES): ScanPool {
  return threads <= 1 ? new InlinePool() : new ThreadPool(threads - 1, littleBytes);
}

/** Kept: to ask Node for a module once more takes as long as to scan a few kilobytes. */
let loading: Promise<Scanners> | undefined;

interface Scanners {
  takeScanner(scan: SourceScan): SourceScanner;
  giveScanner(scan: SourceScan, scanner: SourceScanner): void;
}

/** The scanner is loaded when this thread is to scan: that takes a fifth of the time in which `split` starts. */
async function openHere(scan: SourceScan): Promise<ScanSession> {
  const scanners = await (loading ??= import("./idle-scanners.ts"));
  const scanner = scanners.takeScanner(scan);
  let isOpen = true;
  let scans = 0;
  return {
    ahead: 0,
    async scan(block) {
      if (!isOpen) throw new RouterError("ABORTED", "The attempt was given up.");
      scans++;
      try {
        return await scanner.scan(block);
      } finally {
        scans--;
      }
    },
    async shapes(eventTypes, take) {
      for (const [eventType, shape] of scanner.lastShapes(eventTypes)) take(new Map([[eventType, shape]]));
    },
    isAlone: true,
    shapeTexts: async (eventTypes) => scanner.lastShapeTexts(eventTypes),
    recycle: (buffer) => scanner.recycle(buffer),
    close() {
      if (!isOpen) return;
      isOpen = false;
      // Of an attempt that was given up a block may still be on its way to the scanner: it is not for another source then.
      if (scans > 0) scanner.close();
      else scanners.giveScanner(scan, scanner);
    },
  };
}

/** As `openHere`, for several blocks. */
async function openInTurns(scan: SourceScan): Promise<ScanSession> {
  const session = await openHere(scan);
  return {
    ...session,
    async scan(block) {
      // Lets files and connections go on before this thread is busy again.
      await setImmediate();
      return session.scan(block);
    },
  };
}

class InlinePool implements ScanPool {
  readonly isSingle = true;
  readonly #stopped = stopEarlyThread();
  readonly open = openInTurns;
  readonly openSmall = openHere;

  expect(): void {}

  compress(): undefined {}

  splitSmall(): undefined {}

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stopped;
  }
}

class ThreadPool implements ScanPool {
  readonly isSingle: boolean;
  readonly #scanners: number;
  readonly #littleBytes: number;
  readonly #threads: ScanThread[] = [];
  /** Shared memory that part lines were in, on its way back to whatever thread scans next. */
  readonly #written: ArrayBuffer[] = [];
  readonly openSmall = openHere;
  #lastSession = 0;
  readonly #sessions = new Set<number>();
  /** Stored bytes of all sources so far. */
  #storedBytes = 0;

  constructor(scanners: number, littleBytes: number) {
    this.isSingle = scanners === 1;
    this.#scanners = scanners;
    this.#littleBytes = littleBytes;
    if (hasEarlyThread()) this.#start();
  }

  expect(storedBytes: number): void {
    if (storedBytes > this.#littleBytes) this.#start();
  }

  async open(scan: SourceScan, storedBytes: number): Promise<ScanSession> {
    this.#storedBytes += storedBytes;
    if (this.#threads.length === 0 && this.#storedBytes <= this.#littleBytes) return openInTurns(scan);
    const session = ++this.#lastSession;
    this.#sessions.add(session);
    const used = new Set<ScanThread>();
    const ahead = () => Math.ceil((this.#scanners + BEYOND_SCANNERS) / this.#sessions.size) - 1;
    return {
      get ahead() {
        return ahead();
      },
      scan: (block) => {
        // What it had gathered of this source is gone with it.
        if ([...used].some((thread) => thread.isDead)) return Promise.reject(hasEnded());
        const thread = this.#idlest();
        if (!used.has(thread)) thread.open(session, scan);
        used.add(thread);
        return thread.scan(session, block, this.#written.pop());
      },
      async shapes(eventTypes, take) {
        await Promise.all(Array.from(used, (thread) => thread.shapes(session, eventTypes, take)));
      },
      get isAlone() {
        return used.size < 2;
      },
      async shapeTexts(eventTypes) {
        const [thread] = used;
        return thread ? await thread.shapeTexts(session, eventTypes) : new Map();
      },
      recycle: (buffer) => {
        if (isShared(buffer) && this.#written.length < MAX_WRITTEN) this.#written.push(buffer);
      },
      close: () => {
        this.#sessions.delete(session);
        for (const thread of used) thread.close(session);
      },
    };
  }

  compress(raw: Uint8Array, level: number): Promise<Uint8Array | undefined> | undefined {
    if (this.#threads.length === 0) return undefined;
    const thread = this.#idlest();
    return thread.waiting < BUSY && isShared(raw.buffer) ? thread.compress(raw, level) : undefined;
  }

  splitSmall(
    source: SmallSource,
    config: Config,
    settings: SourceSettings,
    isPatient = false,
  ): Promise<SmallSplit | undefined> | undefined {
    this.#storedBytes += Math.max(source.stored.length, SMALL_COUNTS_BYTES);
    if (this.#threads.length === 0 && this.#storedBytes <= this.#littleBytes) return undefined;
    const thread = this.#idlest();
    if (!isPatient && thread.waiting * source.stored.length > BACKLOG_BYTES) return undefined;
    return thread.splitSmall(source, config, settings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  #start(): void {
    while (this.#threads.length < this.#scanners) this.#threads.push(takeThread());
  }

  /** A thread that has died is replaced here; the sources it was working on fail and are tried again. */
  #idlest(): ScanThread {
    this.#start();
    let best = 0;
    for (let i = 0; i < this.#threads.length; i++) {
      if (this.#threads[i]!.isDead) this.#threads[i] = new ScanThread();
      if (this.#threads[i]!.waiting < this.#threads[best]!.waiting) best = i;
    }
    return this.#threads[best]!;
  }
}
