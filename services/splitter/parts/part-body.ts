// The stored bytes of one part: its frames one after the other, or joined into a single frame for readers that stop after the first.
import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { constants, createGzip, createZstdCompress, gunzip, zstdDecompress } from "node:zlib";
import type { Codec } from "./compressor.ts";
import type { CompressedFrame } from "./part-stream.ts";
import type { ScratchFile } from "./scratch-file.ts";

/** Up to here a part is handed over in one piece. */
const WHOLE_BYTES = 1024 * 1024;

export async function partBody(
  frames: readonly CompressedFrame[],
  scratch: ScratchFile,
  single: { readonly codec: Codec; readonly level: number } | undefined,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  if (single && frames.length > 1) return joined(frames, scratch, single.codec, single.level);
  const bytes = frames.reduce((sum, frame) => sum + frame.stored!.bytes, 0);
  if (bytes > WHOLE_BYTES) return frameBytes(frames, scratch);
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for await (const piece of frameBytes(frames, scratch)) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

async function* frameBytes(frames: readonly CompressedFrame[], scratch: ScratchFile) {
  for (const { stored } of frames) {
    const { at, bytes } = stored!;
    if (at instanceof Uint8Array) {
      yield at;
      continue;
    }
    const piece = Buffer.allocUnsafe(bytes);
    await scratch.read(at, piece);
    yield piece;
  }
}

const decompressors = { zstd: promisify(zstdDecompress), gzip: promisify(gunzip) };

function joined(
  frames: readonly CompressedFrame[],
  scratch: ScratchFile,
  codec: Codec,
  level: number,
): AsyncIterable<Uint8Array> {
  async function* raw(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const frame of frameBytes(frames, scratch)) yield await decompressors[codec](frame);
  }
  const chunkSize = 256 * 1024;
  const compress =
    codec === "zstd"
      ? createZstdCompress({ chunkSize, params: { [constants.ZSTD_c_compressionLevel]: level } })
      : createGzip({ chunkSize, level: Math.min(level, 9) });
  // An error of either side ends the other, and whoever iterates meets it.
  pipeline(Readable.from(raw()), compress, () => undefined);
  return compress;
}
