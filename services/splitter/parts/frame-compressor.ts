// Compresses frames in the calling thread, each into the memory where its raw bytes were: nobody needs those any more.
import { ZstdEncoder } from "./zstd-encoder.ts";

/** A frame of so many raw bytes is compressed before it could be handed to another thread. */
export const SMALL_BYTES = 64 * 1024;
/** Raw size of a full frame. */
export const FRAME_BYTES = 1024 * 1024;
/** A full frame is followed by the segment that filled it: up to half a block of one event type before buffers do not fit. */
export const FULL_FRAME_BYTES = FRAME_BYTES + 768 * 1024;

/** A frame that was compressed in place: its length, or, when it became no smaller than it was, its bytes. */
export type FrameInPlace = number | Uint8Array<ArrayBuffer>;

export class FrameCompressor {
  readonly #encoders = new Map<number, ZstdEncoder>();

  /** Makes a zstd frame of `raw`, at its start. Undefined when it is larger than a full frame, or this Node cannot do it in the calling thread. */
  compress(raw: Uint8Array, level: number): FrameInPlace | undefined {
    const frame = this.#encoder(level).frameNow(raw);
    if (!frame || frame.length > raw.length) return frame && new Uint8Array(frame);
    raw.set(frame);
    return frame.length;
  }

  #encoder(level: number): ZstdEncoder {
    let encoder = this.#encoders.get(level);
    if (!encoder) this.#encoders.set(level, (encoder = new ZstdEncoder(level, FULL_FRAME_BYTES)));
    return encoder;
  }
}

/** The bytes of the frame that `raw` has become. */
export function frameBytes(raw: Uint8Array, frame: FrameInPlace | undefined): Uint8Array | undefined {
  return typeof frame === "number" ? raw.subarray(0, frame) : frame;
}
