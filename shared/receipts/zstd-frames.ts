// Where the frames of a zstd stream end (RFC 8878, section 3.1): told by the headers of frames and blocks, nothing is decompressed.

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAGIC_BYTES = 4;
const SKIPPABLE_HEADER_BYTES = 8;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RLE = 1;

/** The frames one after another; what follows a header that cannot be read, or a frame that breaks off, as one piece. */
export function* zstdFrames(stored: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < stored.length;) {
    const end = frameEnd(stored, at) ?? stored.length;
    yield stored.subarray(at, end);
    at = end;
  }
}

function frameEnd(stored: Uint8Array, start: number): number | undefined {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  if (start + SKIPPABLE_HEADER_BYTES > stored.length) return undefined;
  const magic = view.getUint32(start, true);
  // Unsigned, as the bits of an & are not.
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC)
    return within(stored, start + SKIPPABLE_HEADER_BYTES + view.getUint32(start + MAGIC_BYTES, true));
  if (magic !== FRAME_MAGIC) return undefined;
  const descriptor = view.getUint8(start + MAGIC_BYTES);
  for (let at = start + MAGIC_BYTES + headerBytes(descriptor); at + BLOCK_HEADER_BYTES <= stored.length;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    at += BLOCK_HEADER_BYTES + (((header >> 1) & 3) === RLE ? 1 : header >> 3);
    if ((header & 1) === 1) return within(stored, at + ((descriptor & 4) === 0 ? 0 : CHECKSUM_BYTES));
  }
  return undefined;
}

/** Frame_Header_Descriptor, Window_Descriptor, Dictionary_ID and Frame_Content_Size. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return 1 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + contentSize;
}

function within(stored: Uint8Array, end: number): number | undefined {
  return end <= stored.length ? end : undefined;
}
