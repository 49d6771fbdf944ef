// The stored bytes of one part: its frames one after the other, or joined into a single frame for readers that stop after the first.
import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { constants, createGzip, createZstdCompress, gunzip, zstdDecompress } from "node:zlib";
import type { TakeBuffer } from "../frame/framed.ts";
import type { Codec } from "./compressor.ts";
import { placesOf, type PartFrames } from "./part-stream.ts";
import type { ScratchFile } from "./scratch-file.ts";

/** Up to here a part is handed over in one piece. */
const WHOLE_BYTES = 1024 * 1024;

/** In one piece it is in a buffer of `takeBuffer`, which may be used again when the part is durable. */
export async function partBody(
  { pieces, bytes }: PartFrames,
  scratch: ScratchFile,
  takeBuffer: TakeBuffer,
  single: { readonly codec: Codec; readonly level: number } | undefined,
): Promise<Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>> {
  const places = placesOf(pieces);
  if (single && places.length > 1) return joined(frameBytes(pieces, scratch), single.codec, single.level);
  if (bytes > WHOLE_BYTES) return frameBytes(pieces, scratch);
  const whole = takeBuffer(bytes).subarray(0, bytes);
  let at = 0;
  for (const place of places) {
    if (place instanceof Uint8Array) whole.set(place, at);
    else {
      const into = whole.subarray(at, at + place.length);
      if (!scratch.readNow(place, into)) await scratch.read(place, into);
    }
    at += place.length;
  }
  return whole;
}

/** Frames that come from scratch are all read into one buffer, which a put allows. */
async function* frameBytes(pieces: PartFrames["pieces"], scratch: ScratchFile) {
  const places = placesOf(pieces);
  const longest = Math.max(...places.map((place) => (place instanceof Uint8Array ? 0 : place.length)));
  const buffer = Buffer.allocUnsafe(longest);
  for (const place of places) {
    if (place instanceof Uint8Array) {
      yield place;
      continue;
    }
    const frame = buffer.subarray(0, place.length);
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
