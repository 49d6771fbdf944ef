// All parts of one attempt: from streams of lines to durable objects. Memory is the page pool's, disk the scratch file's; when either
// runs out, the largest is closed. Nothing here waits while it holds what others wait for: uploads depend on the object store alone.
import pLimit from "p-limit";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { ObjectBatch, ObjectStore } from "../../../shared/ports/object-store.ts";
import { batchOf } from "../../../shared/runtime/object-batch.ts";
import type { Codec, Compressor } from "./compressor.ts";
import type { FrameBuffers } from "./frame-buffers.ts";
import { FRAME_BYTES } from "./frame-compressor.ts";
import { GrowingParts, type GrowingPart } from "./growing-parts.ts";
import type { PagePool } from "./page-pool.ts";
import { partBody } from "./part-body.ts";
import {
  extentsOf,
  PartStream,
  type CompressedFrame,
  type PartFrames,
  type StreamKind,
} from "./part-stream.ts";
import type { ScratchFile } from "./scratch-file.ts";

/** A stream whose first frame has this share of a full one is large: with thousands of event types, memory runs out before frames are full. */
const GROWING_SHARE = 1 / 4;
const UPLOADS = 8;
/** Streams that are being closed at the same time at the end: what is compressed faster than it is uploaded must not pile up. */
const FINISHING = 4 * UPLOADS;

/** What parts are put into. */
export type PartStore = Pick<ObjectStore, "put" | "batch">;

export interface PartWriterOptions {
  readonly store: PartStore;
  readonly bucket: string;
  readonly pool: PagePool;
  readonly buffers: FrameBuffers;
  readonly compressor: Compressor;
  readonly scratch: ScratchFile;
  readonly codec: Codec;
  readonly level: number;
  /** Compressed size at which a part is closed. */
  readonly partBytes: number;
  /** One frame a part: frames are joined by compressing once more. */
  readonly isSingleFrame: boolean;
  readonly partKey: (sequence: number) => string;
  readonly quarantineKey: (sequence: number) => string;
  readonly signal: AbortSignal;
}

/** A part (or a quarantine object) that is durable. */
export interface WrittenPart {
  readonly kind: StreamKind;
  readonly lines: number;
  readonly rawBytes: number;
  /** Lines by event type, in the order of their first lines; of a quarantine object, by reason. */
  readonly marks: ReadonlyMap<string, number>;
  /** True for parts of several event types. */
  readonly isShared: boolean;
  readonly sequence: number;
  readonly key: string;
  readonly bytes: number;
}

export class PartWriter implements AsyncDisposable {
  readonly #options: PartWriterOptions;
  readonly #frameBytes: number;
  readonly #streams: PartStream[] = [];
  readonly #storing = new Set<Promise<void>>();
  readonly #uploading = new Set<Promise<void>>();
  readonly #uploadLimit = pLimit(UPLOADS);
  readonly #written: WrittenPart[] = [];
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  /** Parts need to be durable together, before the receipt names them. */
  readonly #batch: ObjectBatch;
  readonly #growing: GrowingParts;
  #isFinishing = false;
  #onSettled: (() => void) | undefined;
  #parts = 0;
  #quarantineObjects = 0;

  constructor(options: PartWriterOptions) {
    this.#options = options;
    this.#batch = batchOf(options.store);
    this.#growing = new GrowingParts(this.#batch, options.bucket);
    this.#frameBytes = Math.min(FRAME_BYTES, options.pool.budgetBytes / 4);
    this.#signal = AbortSignal.any([options.signal, this.#failed.signal]);
  }

  /** A stream of parts: of one event type, or, without one, of several, each line appended with its own as mark. */
  open(eventType?: string): PartStream {
    return this.#open("part", eventType);
  }

  /** A stream of quarantine objects, each record appended with its reason as mark. */
  openQuarantine(): PartStream {
    return this.#open("quarantine");
  }

  /** Appends to `to` what `from` has, which must have no frames, as lines of its event type. */
  move(from: PartStream, to: PartStream): void {
    from.moveTo(to, (buffer) => this.#options.buffers.give(buffer));
  }

  #open(kind: StreamKind, eventType?: string): PartStream {
    const stream = new PartStream(
      kind,
      eventType,
      this.#options.pool,
      this.#options.buffers.take,
      this.#frameBytes,
      (from, frame, raw) => this.#keep(from, frame, raw),
    );
    this.#streams.push(stream);
    return stream;
  }

  /** Waits while too much is in work; throws what has failed in the background. Call it before each block. */
  async room(): Promise<void> {
    await this.#options.compressor.room();
    this.#signal.throwIfAborted();
  }

  /** Closes everything. Resolves when all parts are durable, those of an event type in the order of its lines. */
  async finish(): Promise<readonly WrittenPart[]> {
    await this.#settleStoring();
    this.#isFinishing = true;
    for (const stream of this.#streams) {
      // With thousands of event types that share parts, most have nothing of their own.
      if (stream.isEmpty && !this.#growing.of(stream)) continue;
      await this.room();
      await this.#fewerInBackground(FINISHING);
      await this.#finishStream(stream);
    }
    await this.#settleStoring();
    await Promise.all(this.#uploading);
    this.#signal.throwIfAborted();
    await this.#batch.flush();
    return this.#written.sort(byOrderOfLines);
  }

  /** Gives everything back and waits until nothing runs in the background any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failed.abort(new RouterError("ABORTED", "The attempt was given up."));
    for (const stream of this.#streams) stream.discard();
    await this.#settleStoring();
    await Promise.all(this.#uploading);
    await this.#growing[Symbol.asyncDispose]();
    await this.#batch[Symbol.asyncDispose]();
    await this.#options.scratch[Symbol.asyncDispose]();
  }

  async #settleStoring(): Promise<void> {
    while (this.#storing.size > 0) await Promise.all(this.#storing);
  }

  #keep(stream: PartStream, frame: CompressedFrame, raw: Uint8Array<ArrayBuffer>): void {
    const growing = this.#growing.of(stream) ?? this.#beginGrowing(stream, raw.length);
    if (growing) {
      void this.#background(this.#storing, this.#grow(stream, growing, frame, raw));
      return;
    }
    stream.queue(frame);
    if (this.#keepNow(stream, frame, raw)) return;
    void this.#background(this.#storing, this.#compressAndStore(stream, frame, raw));
  }

  /** Where a stream fills frames, and nothing of it waits on scratch, which would have to come before. */
  #beginGrowing(stream: PartStream, frameBytes: number): GrowingPart | undefined {
    const { isSingleFrame, partKey } = this.#options;
    const isLarge = stream.kind === "part" && frameBytes >= this.#frameBytes * GROWING_SHARE;
    if (!isLarge || !stream.isClear || isSingleFrame) return undefined;
    const part = this.#growing.begin(stream, this.#parts, partKey(this.#parts));
    if (part) this.#parts++;
    return part;
  }

  async #grow(
    stream: PartStream,
    part: GrowingPart,
    frame: CompressedFrame,
    raw: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const release = this.#options.compressor.hold(raw.length);
    try {
      await part.add(frame, (use) =>
        this.#compress(stream, raw, (bytes) => {
          this.#signal.throwIfAborted();
          return use(bytes);
        }),
      );
    } finally {
      release();
    }
    if (part.bytes >= this.#options.partBytes) this.#closeGrown(stream, part);
  }

  /** Frames that are on their way to the part are waited for. */
  #closeGrown(stream: PartStream, part: GrowingPart): void {
    if (this.#growing.of(stream) !== part) return;
    const finishing = this.#growing.finish(stream, part).then((stored) => {
      const { sequence, key, bytes, lines, rawBytes } = part;
      this.#checkStored(key, stored, bytes);
      const { eventType } = stream;
      const isShared = eventType === undefined;
      const marks = isShared ? part.marks : new Map([[eventType, lines]]);
      this.#written.push({ kind: "part", isShared, sequence, key, bytes, lines, rawBytes, marks });
    });
    void this.#background(this.#uploading, finishing);
  }

  /** A small frame, of which thousands of event types have tens of thousands, is kept before anybody could wait for it. */
  #keepNow(stream: PartStream, frame: CompressedFrame, raw: Uint8Array<ArrayBuffer>): boolean {
    const bytes = this.#options.compressor.compressNow(raw, this.#codecOf(stream));
    const extent = bytes && this.#options.scratch.storeNow(bytes);
    if (!extent) return false;
    this.#options.buffers.give(raw.buffer);
    frame.stored = extent;
    stream.frameStored();
    if (stream.closableBytes >= this.#options.partBytes) void this.#close(stream);
    return true;
  }

  async #compressAndStore(
    stream: PartStream,
    frame: CompressedFrame,
    raw: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const release = this.#options.compressor.hold(raw.length);
    try {
      const extent = await this.#compress(stream, raw, async (bytes) => {
        this.#signal.throwIfAborted();
        const stored = await this.#storeOnScratch(bytes);
        frame.stored = stored ?? new Uint8Array(bytes);
        return stored;
      });
      stream.frameStored();
      if (extent) {
        if (stream.closableBytes >= this.#options.partBytes) void this.#close(stream);
      } else {
        await this.#close(stream);
        if (stream.isInsideRecord) throw scratchTooSmall();
      }
    } finally {
      release();
    }
  }

  /** Undefined when there is no room on scratch and nothing that could be closed to make some. */
  async #storeOnScratch(bytes: Uint8Array) {
    for (;;) {
      const extent = await this.#options.scratch.store(bytes);
      if (extent) return extent;
      const largest = this.#largest();
      if (largest) void this.#close(largest);
      if (this.#uploading.size === 0) return undefined;
      await Promise.race(this.#uploading);
      this.#signal.throwIfAborted();
    }
  }

  #largest(): PartStream | undefined {
    let largest: PartStream | undefined;
    let most = 0;
    for (const stream of this.#streams) {
      const bytes = stream.closableBytes;
      if (bytes > most) [largest, most] = [stream, bytes];
    }
    return largest;
  }

  /** The last frame goes from memory into the part: small event types never touch the disk. */
  async #finishStream(stream: PartStream): Promise<void> {
    const last = stream.takeLast();
    const growing = this.#growing.of(stream);
    if (growing) {
      if (last) void this.#background(this.#storing, this.#grow(stream, growing, last.frame, last.raw));
      this.#closeGrown(stream, growing);
      return;
    }
    if (!last) {
      void this.#close(stream);
      return;
    }
    stream.queue(last.frame);
    // Taken now, so that the order of parts does not depend on which is compressed first.
    const sequence = this.#nextSequence(stream);
    const now = this.#options.compressor.compressNow(last.raw, this.#codecOf(stream));
    if (now) {
      last.frame.stored = Buffer.from(now);
      this.#options.buffers.give(last.raw.buffer);
      stream.frameStored();
      void this.#close(stream, sequence);
      return;
    }
    const release = this.#options.compressor.hold(last.raw.length);
    const keep = (bytes: Uint8Array): void => {
      last.frame.stored = new Uint8Array(bytes);
    };
    const finishing = this.#compress(stream, last.raw, keep).then(async () => {
      stream.frameStored();
      await this.#close(stream, sequence);
    });
    void this.#background(this.#storing, finishing.finally(release));
  }

  async #compress<T>(
    stream: PartStream,
    raw: Uint8Array<ArrayBuffer>,
    use: (compressed: Uint8Array) => T | Promise<T>,
  ): Promise<T> {
    try {
      return await this.#options.compressor.compress(raw, this.#codecOf(stream), use);
    } finally {
      this.#options.buffers.give(raw.buffer);
    }
  }

  #codecOf(stream: PartStream): Codec {
    return stream.kind === "quarantine" ? "zstd" : this.#options.codec;
  }

  #nextSequence(stream: PartStream): number {
    return stream.kind === "quarantine" ? this.#quarantineObjects++ : this.#parts++;
  }

  /** Uploads what can be closed of a stream; resolves when it is durable or has failed. */
  #close(stream: PartStream, reserved?: number): Promise<void> {
    const frames = stream.takePart();
    if (frames.pieces.length === 0) return Promise.resolve();
    const sequence = reserved ?? this.#nextSequence(stream);
    const { partKey, quarantineKey } = this.#options;
    const key = stream.kind === "quarantine" ? quarantineKey(sequence) : partKey(sequence);
    const upload = this.#uploadLimit(() => this.#upload(stream, frames, sequence, key));
    return this.#background(this.#uploading, upload);
  }

  async #upload(stream: PartStream, frames: PartFrames, sequence: number, key: string) {
    this.#signal.throwIfAborted();
    const { bucket, scratch, buffers, level } = this.#options;
    const isSingle = this.#options.isSingleFrame && stream.kind === "part";
    const single = isSingle ? { codec: this.#codecOf(stream), level } : undefined;
    const body = await partBody(frames, scratch, buffers.take, single);
    const { bytes } = await this.#batch.put({ bucket, key }, body, { signal: this.#signal });
    if (body instanceof Uint8Array) buffers.give(body.buffer);
    if (!isSingle) this.#checkStored(key, bytes, frames.bytes);
    const { lines, rawBytes } = frames;
    const { kind, eventType } = stream;
    const marks = eventType === undefined ? frames.marks! : new Map([[eventType, lines]]);
    const isShared = kind === "part" && eventType === undefined;
    this.#written.push({ kind, isShared, sequence, key, bytes, lines, rawBytes, marks });
    // Once everything is being closed, nothing asks for room any more.
    if (!this.#isFinishing) for (const extent of extentsOf(frames.pieces)) scratch.release(extent);
  }

  #checkStored(key: string, stored: number, bytes: number): void {
    if (stored === bytes) return;
    throw new RouterError("OBJECT_STORE_FAILED", `The store kept ${stored} of ${bytes} bytes.`, {
      retryable: true,
      details: { bucket: this.#options.bucket, key },
    });
  }

  /** The first failure aborts the rest; `room` and `finish` report it. */
  #background(set: Set<Promise<void>>, work: Promise<void>): Promise<void> {
    const watched: Promise<void> = work
      .catch((error: unknown) => this.#failed.abort(error))
      .finally(() => {
        set.delete(watched);
        this.#onSettled?.();
      });
    set.add(watched);
    return watched;
  }

  async #fewerInBackground(than: number): Promise<void> {
    while (this.#storing.size + this.#uploading.size >= than) {
      await new Promise<void>((resolve) => (this.#onSettled = resolve));
    }
  }
}

/** What an event type has in a shared part came before it got parts of its own, whose numbers rise, though some were begun before the shared one. */
function byOrderOfLines(a: WrittenPart, b: WrittenPart): number {
  return Number(b.isShared) - Number(a.isShared) || a.sequence - b.sequence;
}

function scratchTooSmall(): RouterError {
  return new RouterError(
    "SCRATCH_FULL",
    "A single record does not fit into the scratch space. Raise splitter.scratch_bytes.",
    { retryable: true },
  );
}
