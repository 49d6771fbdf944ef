// A small source of any kind, by the way of large ones, but for its objects being in memory.
import { tmpdir } from "node:os";
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import { runAttemptOver } from "../attempt.ts";
import { createEngine, type SplitEngine } from "../engine.ts";
import type { RawWhole } from "../read/read-small.ts";
import { wholeReader } from "../read/read-source.ts";
import { partTexts } from "../receipt/build-receipt.ts";
import type { SourceScan } from "../threads/source-scanner.ts";
import { CollectedObjects } from "./collected-objects.ts";
import { PackedBytes } from "./packed-bytes.ts";
import type { SmallSplit, SourceInWork } from "./split-small.ts";

export class AnySplitter {
  readonly #config: Config;
  readonly #engine: SplitEngine;
  readonly #scratchFolder = tmpdir();
  readonly #signal = new AbortController().signal;

  constructor(config: Config) {
    this.#config = config;
    const engine = createEngine({ ...config, splitter: { ...config.splitter, threads: 1 } });
    // V8's flags are of the whole process: the main thread sets them.
    this.#engine = { ...engine, sawTypes: () => undefined };
  }

  /** Undefined when the shapes are of megabytes. One at a time. */
  async split(
    source: SourceInWork,
    settings: SourceSettings,
    whole: RawWhole,
    storedBytes: number,
  ): Promise<SmallSplit | undefined> {
    const objects = new CollectedObjects();
    const input = {
      openSession: (scan: SourceScan) => this.#engine.scanners.openSmall(scan),
      openReader: async () => wholeReader(whole, storedBytes),
    };
    const { lines, rawBytes, written, shapes } = await runAttemptOver(input, {
      ...source,
      store: objects,
      bucket: "",
      config: this.#config,
      engine: this.#engine,
      settings,
      scratchFolder: this.#scratchFolder,
      salvage: false,
      signal: this.#signal,
    });
    if (!shapes.texts) return undefined;
    const packed = new PackedBytes();
    for (const { key } of written) packed.bytes(objects.take(key));
    const partsAt = packed.length;
    for (const text of partTexts(written, shapes.texts, this.#config.splitter.compression)) packed.text(text);
    return { lines, rawBytes, written, bytes: packed.take(), partsAt, types: shapes.texts.size };
  }
}
