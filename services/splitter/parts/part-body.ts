// The stored bytes of one part: its frames one after the other, or joined into a single frame for readers that stop after the first.
import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { constants, createGzip, createZstdCompress, gunzip, zstdDecompress } from "node:zlib";
import type { Codec } from "./compressor.ts";
import { placesOf, type PartFrames } from "./part-stream.ts";
import type { ScratchFile } from "./scratch-file.ts";

/** Up to here a part is handed over in one piece. */
const WHOLE_BYTES = 1024 * 1024;

export async function partBody(
  { pieces, bytes }: PartFrames,
  scratch: ScratchFile,
  single: { readonly codec: Codec; readonly level: number } | undefined,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const frames = frameBytes(pieces, scratch);
  if (single && placesOf(pieces).length > 1) return joined(frames, single.codec, single.level);
  if (pieces.length === 1 && pieces[0] instanceof Uint8Array) return pieces[0];
  if (bytes > WHOLE_BYTES) return frames;
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for await (const frame of frames) {
    whole.set(frame, at);
    at += frame.length;
  }
  return whole;
}

async function* frameBytes(pieces: PartFrames["pieces"], scratch: ScratchFile) {
  for (const place of placesOf(pieces)) {
    if (place instanceof Uint8Array) {
      yield place;
      continue;
    }
    const frame = Buffer.allocUnsafe(place.length);
    await scratch.read(place, frame);
    yield frame;
  }
}

const decompressors = { zstd: promisify(zstdDecompress), gzip: promisify(gunzip) };

function joined(frames: AsyncIterable<Uint8Array>, codec: Codec, level: number): AsyncIterable<Uint8Array> {
  async function* raw(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const frame of frames) yield await decompressors[codec](frame);
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
