// gzip (several members) and zstd (several frames, skippable ones too) as one stream of bytes, with the exact place of a break.
import { RouterError } from "../../../shared/errors/router-error.ts";
import { ByteQueue } from "./byte-queue.ts";
import { isZstdFrame, MAGIC_BYTES } from "./compression.ts";
import { openEngine, type Engine, type RunsIn } from "./engine.ts";
import type { OutputBuffers } from "./output-buffers.ts";
import { CHUNK_BYTES } from "./slices.ts";

/** Uncompressed bytes that may wait for the consumer. */
const AHEAD_BYTES = 2 * CHUNK_BYTES;
/** What waits, what the consumer reads, and what is being filled. */
export const OUTPUT_BUFFERS = 5;

/** The compressed bytes are bad or break off. Everything that could be decompressed before has been yielded. */
export class CorruptInput extends Error {
  /** Stored bytes before the piece of input that could not be read. */
  readonly offset: number;
  /** False when the input simply ended too early: then no byte of it was bad, and the output is exact. */
  readonly isBadData: boolean;

  constructor(message: string, offset: number, isBadData: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = "CorruptInput";
    this.offset = offset;
    this.isBadData = isBadData;
  }
}

/**
 * Decompresses `input` into `buffers`, and closes them at the end. A chunk may be read until the next one is asked for, unless `buffers.keep`
 * gave it away; then its memory is used again. Throws CorruptInput after the last good chunk. Of a piece of input with bad data, all output may be lost; with
 * `lockStep`, each piece waits until the output of the one before was taken, so that pieces of one byte give every byte before the break.
 */
export async function* decompress(
  compression: "gzip" | "zstd",
  input: AsyncIterable<Uint8Array>,
  buffers: OutputBuffers,
  runsIn: RunsIn,
  lockStep = false,
): AsyncGenerator<Uint8Array, void, undefined> {
  const out = new ByteQueue(AHEAD_BYTES);
  const feeder = new Feeder(() => openEngine(compression, out, buffers, runsIn), compression);
  const feeding = feed(feeder, input, () => (lockStep ? out.empty() : out.room())).then(
    () => out.end(),
    (error: unknown) => out.end(error),
  );
  try {
    for (let chunk = await out.take(); chunk; chunk = await out.take()) {
      yield chunk;
      buffers.release(chunk);
    }
  } finally {
    feeder.stop();
    out.abandon();
    await feeding;
    buffers.close();
  }
}

async function feed(feeder: Feeder, input: AsyncIterable<Uint8Array>, ready: () => Promise<void>) {
  try {
    for await (const piece of input) {
      await ready();
      if (feeder.isStopped) return;
      await feeder.take(piece);
    }
    await feeder.end();
  } finally {
    feeder.stop();
  }
}

/** Opens engine after engine, member by member or frame by frame, and judges what lies between and after them. */
class Feeder {
  readonly #open: () => Engine;
  readonly #compression: "gzip" | "zstd";
  #engine: Engine | undefined;
  #head: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #stopped = false;

  constructor(open: () => Engine, compression: "gzip" | "zstd") {
    this.#open = open;
    this.#compression = compression;
    this.#engine = open();
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  async take(piece: Uint8Array): Promise<void> {
    let rest = piece;
    while (rest.length > 0 && !this.#stopped) {
      rest = this.#engine ? await this.#write(this.#engine, rest) : this.#between(rest);
    }
    this.#offset += piece.length;
  }

  async end(): Promise<void> {
    if (this.#stopped) return;
    if (this.#head.length > 0) throw new CorruptInput("trailing bytes", this.#offset, false);
    await this.#engine?.end().catch((error: unknown) => this.#fail(error));
  }

  stop(): void {
    this.#stopped = true;
    this.#engine?.close();
  }

  async #write(engine: Engine, piece: Uint8Array): Promise<Uint8Array> {
    try {
      const taken = await engine.write(piece);
      if (taken === piece.length || this.#stopped) return piece.subarray(piece.length);
      await engine.finished();
      engine.close();
      this.#engine = undefined;
      return piece.subarray(taken);
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** After a gzip member that no other follows only zero padding is allowed (as gzip itself has it), after a zstd frame only another one. */
  #between(bytes: Uint8Array): Uint8Array {
    if (this.#compression === "gzip") {
      if (bytes.every((byte) => byte === 0)) return new Uint8Array(0);
      throw new CorruptInput("trailing bytes that are no gzip member", this.#offset, true);
    }
    const head = Buffer.concat([this.#head, bytes]);
    if (head.length < MAGIC_BYTES) {
      this.#head = head;
      return new Uint8Array(0);
    }
    if (!isZstdFrame(head))
      throw new CorruptInput("trailing bytes that are no zstd frame", this.#offset, true);
    this.#head = new Uint8Array(0);
    this.#engine = this.#open();
    return head;
  }

  #fail(error: unknown): never {
    if (this.#stopped) throw error;
    const code = errorCode(error);
    if (code === "Z_BUF_ERROR") {
      throw new CorruptInput("the compressed data ends too early", this.#offset, false, error);
    }
    if (/^(Z_DATA_ERROR|Z_NEED_DICT|ZSTD_error_(?!memory))/.test(code)) {
      const reason = error instanceof Error ? error.message : code;
      throw new CorruptInput(`the compressed data is corrupt: ${reason}`, this.#offset, true, error);
    }
    throw new RouterError("INTERNAL", `Decompression failed (${code}).`, { retryable: true, cause: error });
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
