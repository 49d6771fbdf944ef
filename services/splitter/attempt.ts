// One run over one source object: reads, frames, scans, routes and writes until every part is durable. Writes no receipt.
import type { SourceSettings } from "../../shared/config/source-settings.ts";
import type { Config } from "../../shared/config/schema.ts";
import { partKey, quarantineKey } from "../../shared/contracts/keys.ts";
import { OTHER_EVENT_TYPE } from "../../shared/contracts/words.ts";
import type { ObjectRead } from "../../shared/ports/object-store.ts";
import type { SplitEngine } from "./engine.ts";
import { UNCOUNTED, type BadPiece, type Framed, type Framer } from "./frame/framed.ts";
import { openFramer } from "./open-framer.ts";
import { OrderedScan } from "./ordered-scan.ts";
import { PartWriter, type PartStore, type WrittenPart } from "./parts/part-writer.ts";
import { ScratchFile } from "./parts/scratch-file.ts";
import { TypeStreams } from "./parts/type-streams.ts";
import { QuarantineWriter } from "./quarantine/quarantine-writer.ts";
import { HEADROOM_BYTES, readSource, type SourceBreak, type SourceReader } from "./read/read-source.ts";
import { MAX_RECEIPT_BYTES, type LineCounts } from "./receipt/build-receipt.ts";
import { ShapeTexts, type Shapes } from "./receipt/shape-texts.ts";
import type { TakeShapes } from "./threads/scan-thread.ts";
import type { ScanSession } from "./threads/scan-pool.ts";
import { badLinesOf } from "./scan/bad-lines.ts";
import type { ScannedBlock, SourceScan } from "./threads/source-scanner.ts";

/** A smaller chunk would be a small block in a large buffer. */
const WORTH_ADOPTING_BYTES = 256 * 1024;
/** Bad lines between two looks at whether there is room for what they become. */
const BAD_LINES_AT_ONCE = 1000;
/** Event types whose shapes are merged at the same time. */
const SHAPES_AT_ONCE = 50;

export interface AttemptOptions {
  readonly store: PartStore;
  readonly bucket: string;
  readonly config: Config;
  readonly engine: SplitEngine;
  readonly scratchFolder: string;
  readonly settings: SourceSettings;
  readonly sourceId: string;
  readonly attempt: string;
  /** Whole lines before a break are wanted. */
  readonly salvage: boolean;
  readonly signal: AbortSignal;
  /** Deltas: stored bytes read, uncompressed bytes and lines scanned. */
  readonly onProgress?: (storedBytes: number, rawBytes: number, lines: number) => void;
}

export interface AttemptResult {
  readonly lines: LineCounts;
  readonly written: readonly WrittenPart[];
  readonly shapes: Shapes;
  readonly rawBytes: number;
  /** Where the source breaks, with the whole lines before. Without `salvage` nothing else is in the result then. */
  readonly break: (SourceBreak & { readonly afterLine: number }) | undefined;
}

export async function runAttempt(
  object: ObjectRead,
  reopen: () => Promise<ObjectRead>,
  options: AttemptOptions,
): Promise<AttemptResult> {
  const { buffers, scanners, decompresses } = options.engine;
  options.engine.sawSource();
  const input: AttemptInput = {
    openSession: (scan) => scanners.open(scan, object.bytes),
    openReader: () => readSource(object, reopen, buffers, decompresses),
  };
  return await runAttemptOver(input, options);
}

/** What an attempt works on: who scans, and where the bytes come from. */
export interface AttemptInput {
  readonly openSession: (scan: SourceScan) => Promise<ScanSession>;
  readonly openReader: () => Promise<SourceReader>;
}

export async function runAttemptOver(input: AttemptInput, options: AttemptOptions): Promise<AttemptResult> {
  await using resources = new AsyncDisposableStack();
  const writer = resources.use(openWriter(options));
  const { sourceId, settings, config } = options;
  const { buffers, scanners } = options.engine;
  const session = await input.openSession({ sourceId, settings, config });
  resources.defer(() => session.close());
  // Text is cut into lines before it is scanned, and wants their number.
  const countsLines = !scanners.isSingle || settings.format === "text";
  const framer = await openFramer(settings, buffers, countsLines);
  resources.defer(() => framer.close());
  const reader = await input.openReader();
  const attempt = new Attempt(options, writer, session, reader, framer);
  // Awaited here: the resources are given back when this function ends.
  return await attempt.run();
}

function openWriter(options: AttemptOptions): PartWriter {
  const { splitter } = options.config;
  const { engine, sourceId, attempt } = options;
  const extension = splitter.compression === "zstd" ? ".zst" : ".gz";
  return new PartWriter({
    store: options.store,
    bucket: options.bucket,
    pool: engine.pages,
    buffers: engine.frameBuffers,
    compressor: engine.compressor,
    scratch: new ScratchFile(options.scratchFolder, engine.scratchBytes),
    codec: splitter.compression,
    level: splitter.compression_level,
    partBytes: splitter.part_bytes,
    isSingleFrame: splitter.frames === "single",
    partKey: (sequence) => partKey(sourceId, attempt, sequence, extension),
    quarantineKey: (sequence) => quarantineKey(sourceId, attempt, sequence),
    signal: options.signal,
  });
}

class Attempt {
  readonly #options: AttemptOptions;
  readonly #writer: PartWriter;
  readonly #session: ScanSession;
  readonly #reader: SourceReader;
  readonly #framer: Framer;
  readonly #types: TypeStreams;
  readonly #quarantine: QuarantineWriter;
  readonly #scan: OrderedScan;
  readonly #shapes = new ShapeTexts(MAX_RECEIPT_BYTES);
  readonly #lines: LineCounts = { total: 0, rows: 0, quarantined: 0, dropped: 0, blank: 0, normalised: 0 };
  #rawBytes = 0;
  #reported = { stored: 0, raw: 0 };

  constructor(
    options: AttemptOptions,
    writer: PartWriter,
    session: ScanSession,
    reader: SourceReader,
    framer: Framer,
  ) {
    const { splitter } = options.config;
    this.#options = options;
    this.#writer = writer;
    this.#session = session;
    this.#reader = reader;
    this.#framer = framer;
    this.#types = new TypeStreams(writer, splitter);
    this.#quarantine = new QuarantineWriter(() => writer.openQuarantine());
    this.#scan = new OrderedScan(session, {
      block: (result) => this.#takeBlock(result),
      bad: (piece) => this.#takeBad(piece),
    });
  }

  async run(): Promise<AttemptResult> {
    for await (const chunk of this.#reader.chunks) {
      this.#options.signal.throwIfAborted();
      this.#rawBytes += chunk.length;
      for (const item of this.#frame(chunk)) await this.#scan.put(item);
    }
    const broken = this.#reader.break;
    const last = broken ? this.#framer.endTorn() : this.#framer.end();
    for (const item of last) await this.#scan.put(item);
    await this.#scan.flush();
    const afterLine = this.#lines.total;
    if (broken && !this.#options.salvage) return this.#result([], { ...broken, afterLine });
    this.#types.end();
    const written = await this.#finish();
    this.#report(0);
    return this.#result(written, broken && { ...broken, afterLine });
  }

  /**
   * Shapes are gathered while parts are compressed and flushed, which leaves this thread and the scanners time; then the scanners are free for
   * other sources. Both have ended when one has failed.
   */
  async #finish(): Promise<readonly WrittenPart[]> {
    const finishing = this.#writer.finish();
    const gathering = this.#gatherShapes().then(() => this.#session.close());
    await Promise.allSettled([finishing, gathering]);
    const [written] = await Promise.all([finishing, gathering]);
    return written;
  }

  /** A chunk becomes a block as it is, or its bytes are copied into one. */
  #frame(chunk: Uint8Array): Framed[] {
    if (chunk.length < WORTH_ADOPTING_BYTES || !this.#reader.keep(chunk)) return this.#framer.push(chunk);
    const adopted = this.#framer.adopt?.(chunk, HEADROOM_BYTES);
    if (adopted) return adopted;
    const framed = this.#framer.push(chunk);
    this.#options.engine.buffers.give(chunk.buffer);
    return framed;
  }

  /** A few event types at a time: the trees of all of them at once would be most of the memory. */
  async #gatherShapes(): Promise<void> {
    const [types, texts] = [this.#types, this.#shapes];
    const merge: TakeShapes = (shapes) => types.addShapes(shapes);
    const names = [...types.names];
    const isReady = this.#session.isAlone && !types.hasShapes;
    for (let at = 0; at < names.length; at += SHAPES_AT_ONCE) {
      const some = names.slice(at, at + SHAPES_AT_ONCE);
      if (isReady) {
        const ready = await this.#session.shapeTexts(some);
        for (const name of some) await texts.addText(name, ready.get(name)!);
        continue;
      }
      await this.#session.shapes(some, merge);
      for (const name of some) await texts.add(name, types.takeShape(name)!);
    }
    await this.#session.shapes(undefined, merge);
    const others = types.takeShape(OTHER_EVENT_TYPE);
    if (others) await texts.add(OTHER_EVENT_TYPE, others);
  }

  async #takeBlock(result: ScannedBlock): Promise<void> {
    await this.#writer.room();
    this.#types.add(result.segments);
    this.#options.engine.sawTypes(this.#types.count);
    this.#session.recycle(result.segments.bytes.buffer);
    await this.#takeBadLines(result);
    if (result.shapes) this.#types.addShapes(result.shapes);
    this.#options.engine.buffers.give(result.buffer);
    this.#lines.total += result.lines;
    this.#lines.rows += result.rows;
    this.#lines.quarantined += result.quarantined.count;
    this.#lines.dropped += result.dropped;
    this.#lines.blank += result.blank;
    this.#lines.normalised += result.normalised;
    this.#report(result.lines);
  }

  /** A record of the quarantine may be fifty times as long as its line. */
  async #takeBadLines({ quarantined, buffer, blockAt }: ScannedBlock): Promise<void> {
    let taken = 0;
    for (const bad of badLinesOf(quarantined, buffer, blockAt)) {
      if (++taken % BAD_LINES_AT_ONCE === 0) await this.#writer.room();
      this.#quarantine.add(bad);
    }
  }

  async #takeBad(piece: BadPiece): Promise<void> {
    await this.#writer.room();
    this.#quarantine.addPiece(piece.line === UNCOUNTED ? { ...piece, line: this.#lines.total + 1 } : piece);
    if (!piece.isLast) return;
    this.#lines.total++;
    this.#lines.quarantined++;
    this.#report(1);
  }

  #report(lines: number): void {
    const stored = this.#reader.storedBytes;
    this.#options.onProgress?.(stored - this.#reported.stored, this.#rawBytes - this.#reported.raw, lines);
    this.#reported = { stored, raw: this.#rawBytes };
  }

  #result(written: readonly WrittenPart[], broken: AttemptResult["break"]): AttemptResult {
    return {
      lines: this.#lines,
      written,
      shapes: this.#shapes,
      rawBytes: this.#rawBytes,
      break: broken,
    };
  }
}
