// Which compression a source object has, told by its first bytes: names lie (".gz" on plain text, none on zstd).

export type Compression = "gzip" | "zstd" | "plain";

/** How many bytes `detectCompression` wants to see, if the object has that many. */
export const MAGIC_BYTES = 4;

/** gzip: RFC 1952 section 2.3.1. zstd: RFC 8878 sections 3.1.1 and 3.1.2 (a skippable frame may come first). */
export function detectCompression(start: Uint8Array): Compression {
  if (start.length >= 2 && start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  return isZstdFrame(start) ? "zstd" : "plain";
}

/** True when a zstd frame, skippable or not, begins here. */
export function isZstdFrame(start: Uint8Array): boolean {
  if (start.length < MAGIC_BYTES) return false;
  const magic = (start[0]! | (start[1]! << 8) | (start[2]! << 16) | (start[3]! << 24)) >>> 0;
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;
}
