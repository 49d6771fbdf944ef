// A small source from its stored bytes to the bytes of its parts, in the thread that is asked to: nothing is read, and nothing is put anywhere.
import { tmpdir } from "node:os";
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import { runAttemptOver } from "../attempt.ts";
import { createEngine, type SplitEngine } from "../engine.ts";
import type { WrittenPart } from "../parts/part-writer.ts";
import { rawWhole } from "../read/read-small.ts";
import { wholeReader } from "../read/read-source.ts";
import type { LineCounts } from "../receipt/build-receipt.ts";
import type { SourceScan } from "../threads/source-scanner.ts";
import { CollectedObjects } from "./collected-objects.ts";

/** Plain data: it is copied to the thread. */
export interface SmallSource {
  readonly sourceId: string;
  readonly attempt: string;
  /** All of their buffer. */
  readonly stored: Uint8Array<ArrayBuffer>;
}

/** What an attempt over a source gave, but for its objects being in memory. */
export interface SmallSplit {
  readonly lines: LineCounts;
  readonly rawBytes: number;
  readonly written: readonly WrittenPart[];
  /** Of the objects in `written`, in the same order. */
  readonly bodies: readonly Uint8Array<ArrayBuffer>[];
  /** The JSON text of each event type's shape. */
  readonly shapes: ReadonlyMap<string, string>;
}

/** For sources under the same settings. */
export class SmallSplitter {
  readonly #work: SplitWork;
  readonly #settings: SourceSettings;
  readonly #signal = new AbortController().signal;

  constructor(config: Config, settings: SourceSettings, work = workOf(config)) {
    this.#work = work;
    this.#settings = settings;
  }

  /** For sources under other settings: what this one has got ready is used together, so no two may be at work at the same time. */
  sibling(settings: SourceSettings): SmallSplitter {
    return new SmallSplitter(this.#work.config, settings, this.#work);
  }

  /** Undefined for what is better seen by those who deal with sources of any size: bytes that are odd (`rawWhole`), shapes of megabytes. One at a time. */
  async split({ stored, ...source }: SmallSource): Promise<SmallSplit | undefined> {
    const whole = rawWhole(stored);
    if (!whole) return undefined;
    const objects = new CollectedObjects();
    const { config, engine, scratchFolder } = this.#work;
    const { scanners } = engine;
    const input = {
      openSession: (scan: SourceScan) => scanners.openSmall(scan),
      openReader: async () => wholeReader(whole, stored.length),
    };
    const { lines, rawBytes, written, shapes } = await runAttemptOver(input, {
      ...source,
      store: objects,
      bucket: "",
      config,
      engine,
      settings: this.#settings,
      scratchFolder,
      salvage: false,
      signal: this.#signal,
    });
    if (!shapes.texts) return undefined;
    const bodies = written.map(({ key }) => objects.take(key));
    return { lines, rawBytes, written, bodies, shapes: shapes.texts };
  }
}

interface SplitWork {
  readonly config: Config;
  readonly engine: SplitEngine;
  readonly scratchFolder: string;
}

function workOf(config: Config): SplitWork {
  const engine = createEngine({ ...config, splitter: { ...config.splitter, threads: 1 } });
  // V8's flags are of the whole process: the main thread sets them.
  return { config, engine: { ...engine, sawTypes: () => undefined }, scratchFolder: tmpdir() };
}
