// The objects that lines of mixed parts are gathered in, a sequence of them for each table of a job. Memory: OPEN_BYTES, what waits to be
// compressed, MAX_SPARE buffers, and HELD_BYTES compressed, whatever the job has.
import { randomBytes } from "node:crypto";
import pLimit from "p-limit";
import type { ObjectBatch, ObjectStore } from "../../../shared/ports/object-store.ts";
import type { LoadUnit, UnitPart } from "../../../shared/ports/warehouse.ts";
import { batchOf } from "../../../shared/runtime/object-batch.ts";
import { FrameEncoder } from "./frame-encoder.ts";

/** Uncompressed bytes of a table that become a frame; fewer where a job has so many tables that together they would pass OPEN_BYTES. */
const RAW_BYTES = 256 * 1024;
const OPEN_BYTES = 16 * 1024 * 1024;
const MIN_RAW_BYTES = 8 * 1024;
/** Compressed bytes at which an object is closed: large enough for COPY, and small enough that a large table has some for many threads. */
const OBJECT_BYTES = 4 * 1024 * 1024;
/** Uncompressed bytes that may wait for the encoder, and compressed ones that may wait for the store; above, the largest object is closed. */
const WAITING_BYTES = 4 * 1024 * 1024;
const HELD_BYTES = 32 * 1024 * 1024;
const CONCURRENT_PUTS = 16;
/** Buffers kept for the next lines. */
const MAX_SPARE = 16;

type Counts = Map<LoadUnit, number>;

interface Frame {
  readonly table: GatheredTable;
  readonly raw: Buffer<ArrayBuffer>;
  readonly counts: Counts;
}

export class GatheredObjects implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #signal: AbortSignal;
  /** Need not outlive a power failure: what is not loaded is gathered anew. */
  readonly #batch: ObjectBatch;
  readonly #encoder = new FrameEncoder(RAW_BYTES);
  readonly #limit = pLimit(CONCURRENT_PUTS);
  /** Buffers whose lines have been compressed, for the next lines of any table. */
  readonly #spare: Buffer<ArrayBuffer>[] = [];
  /** In the order of the job's. */
  readonly tables: readonly GatheredTable[];
  readonly #keys: string[] = [];
  readonly #parts = new Map<LoadUnit, UnitPart[]>();
  readonly #waiting: Frame[] = [];
  #waitingBytes = 0;
  #heldBytes = 0;
  #pumping: Promise<void> | undefined;
  readonly #puts = new Set<Promise<void>>();
  #failures: unknown[] = [];

  /** `tables`: how many the job has. */
  constructor(store: ObjectStore, bucket: string, batchId: string, tables: number, signal: AbortSignal) {
    this.#store = store;
    this.#bucket = bucket;
    // As the objects of an attempt at a load are named, which `gc` knows.
    this.#prefix = `loads/${batchId}/${randomBytes(8).toString("hex")}/`;
    this.#signal = signal;
    this.#batch = batchOf(store);
    const rawBytes = Math.max(MIN_RAW_BYTES, Math.min(RAW_BYTES, Math.floor(OPEN_BYTES / tables)));
    this.tables = Array.from(
      { length: tables },
      () => new GatheredTable(rawBytes, this.#spare, (frame) => this.#wait(frame)),
    );
  }

  /** Resolves when more may be gathered. Throws what compressing or putting has thrown. */
  async room(): Promise<void> {
    while (this.#waitingBytes > WAITING_BYTES) await this.#pumping;
    while (this.#heldBytes > 2 * HELD_BYTES && this.#puts.size > 0) await Promise.race(this.#puts);
    this.#check();
  }

  /** Resolves, when all is in the store, to the parts by unit. */
  async finish(): Promise<ReadonlyMap<LoadUnit, readonly UnitPart[]>> {
    for (const table of this.tables) table.cut();
    await this.#pumping;
    for (const table of this.tables) this.#close(table);
    await this.#idle();
    this.#check();
    return this.#parts;
  }

  /** Removes what is in the store, once nothing is on its way there. What cannot be removed is left: nothing names it. */
  async remove(): Promise<void> {
    await this.#idle();
    const keys = this.#keys.splice(0);
    const removed = keys.map((key) => this.#limit(() => this.#store.delete({ bucket: this.#bucket, key })));
    await Promise.allSettled(removed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#idle();
    this.#encoder[Symbol.dispose]();
    await this.#batch[Symbol.asyncDispose]();
  }

  async #idle(): Promise<void> {
    await this.#pumping;
    await Promise.all(this.#puts);
  }

  #check(): void {
    this.#signal.throwIfAborted();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #wait(frame: Frame): void {
    this.#waiting.push(frame);
    this.#waitingBytes += frame.raw.length;
    this.#pumping ??= this.#pump();
  }

  /** Never rejects. */
  async #pump(): Promise<void> {
    // Not before `#pumping` is set.
    await Promise.resolve();
    for (let frame = this.#waiting.shift(); frame; frame = this.#waiting.shift()) {
      if (this.#failures.length === 0 && !this.#signal.aborted) await this.#compress(frame);
      this.#waitingBytes -= frame.raw.length;
      frame.table.giveBack(frame.raw);
    }
    this.#pumping = undefined;
  }

  async #compress({ table, raw, counts }: Frame): Promise<void> {
    try {
      const bytes = table.add(await this.#encoder.frame(raw), counts);
      this.#heldBytes += bytes;
    } catch (error) {
      this.#failures.push(error);
      return;
    }
    if (table.bytes >= OBJECT_BYTES) this.#close(table);
    else if (this.#heldBytes > HELD_BYTES) this.#close(largest(this.tables));
  }

  #close(table: GatheredTable): void {
    const { body, counts } = table.takeObject();
    if (body.length === 0) return;
    const key = `${this.#prefix}${String(this.#keys.length).padStart(6, "0")}.ndjson.zst`;
    this.#keys.push(key);
    const put = this.#limit(() => this.#put(key, body, counts)).finally(() => this.#puts.delete(put));
    this.#puts.add(put);
  }

  /** Never rejects. */
  async #put(key: string, body: Buffer, counts: Counts): Promise<void> {
    try {
      if (this.#failures.length > 0 || this.#signal.aborted) return;
      await this.#batch.put({ bucket: this.#bucket, key }, body, { signal: this.#signal });
      for (const [unit, lines] of counts) {
        const part: UnitPart = { key, bytes: body.length, lines, compression: "zstd", gathered: true };
        const parts = this.#parts.get(unit);
        if (parts) parts.push(part);
        else this.#parts.set(unit, [part]);
      }
    } catch (error) {
      this.#failures.push(error);
    } finally {
      this.#heldBytes -= body.length;
    }
  }
}

/** What one table has gathered and not put yet. */
export class GatheredTable {
  /** Compressed. */
  bytes = 0;
  readonly #rawBytes: number;
  readonly #spare: Buffer<ArrayBuffer>[];
  readonly #onFrame: (frame: Frame) => void;
  #raw: Buffer<ArrayBuffer> | undefined;
  #used = 0;
  #counts: Counts = new Map();
  #frames: Buffer[] = [];
  #objectCounts: Counts = new Map();

  /** `spare`: buffers of `rawBytes` that the tables of a job share. */
  constructor(rawBytes: number, spare: Buffer<ArrayBuffer>[], onFrame: (frame: Frame) => void) {
    this.#rawBytes = rawBytes;
    this.#spare = spare;
    this.#onFrame = onFrame;
  }

  /** `lines` whole lines of the unit, which are copied. */
  append(unit: LoadUnit, bytes: Buffer, from: number, to: number, lines: number): void {
    const size = to - from;
    if (this.#used + size > this.#rawBytes) this.cut();
    if (size > this.#rawBytes) {
      this.#onFrame({
        table: this,
        raw: Buffer.from(bytes.subarray(from, to)),
        counts: new Map([[unit, lines]]),
      });
      return;
    }
    this.#raw ??= this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#rawBytes);
    bytes.copy(this.#raw, this.#used, from, to);
    this.#used += size;
    count(this.#counts, unit, lines);
  }

  /** What has been appended so far becomes a frame. */
  cut(): void {
    if (!this.#raw || this.#used === 0) return;
    this.#onFrame({ table: this, raw: this.#raw.subarray(0, this.#used), counts: this.#counts });
    this.#raw = undefined;
    this.#used = 0;
    this.#counts = new Map();
  }

  /** Takes back the memory of a frame that nobody reads any more. */
  giveBack({ buffer }: Buffer<ArrayBuffer>): void {
    if (buffer.byteLength === this.#rawBytes && this.#spare.length < MAX_SPARE)
      this.#spare.push(Buffer.from(buffer));
  }

  /** A compressed frame; gives its bytes. */
  add(frame: readonly Buffer[], counts: Counts): number {
    const bytes = frame.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#frames.push(...frame);
    this.bytes += bytes;
    for (const [unit, lines] of counts) count(this.#objectCounts, unit, lines);
    return bytes;
  }

  /** The object so far; the next one begins. */
  takeObject(): { body: Buffer; counts: Counts } {
    const object = { body: Buffer.concat(this.#frames), counts: this.#objectCounts };
    this.#frames = [];
    this.#objectCounts = new Map();
    this.bytes = 0;
    return object;
  }
}

function count(counts: Counts, unit: LoadUnit, lines: number): void {
  counts.set(unit, (counts.get(unit) ?? 0) + lines);
}

function largest(tables: readonly GatheredTable[]): GatheredTable {
  return tables.reduce((a, b) => (b.bytes > a.bytes ? b : a));
}
