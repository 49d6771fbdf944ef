// The lines of a source file by a second route: Node's own decompression and a search for line feeds, nothing of the product.
import { readFileSync } from "node:fs";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** A file's bytes, uncompressed, told by its first bytes. */
export function plainBytes(file: string): Buffer {
  const bytes = readFileSync(file);
  if (bytes.length >= 2 && bytes.readUInt16BE(0) === 0x1f8b) return gunzipSync(bytes);
  return bytes.length >= 4 && bytes.readUInt32LE(0) === 0xfd2fb528 ? zstdDecompressSync(bytes) : bytes;
}

/** The lines without their ends, in order: index 0 is line 1. */
export function rawLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = bytes.subarray(0, 3).toString("hex") === "efbbbf" ? 3 : 0;
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  if (start < bytes.length) lines.push(bytes.subarray(start));
  return lines;
}

/** A line's text when it is a JSON object by JSON.parse, and its UTF-8 is sound. */
export function objectText(line: Buffer): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    const value: unknown = JSON.parse(text);
    return value instanceof Object && !Array.isArray(value) ? text : undefined;
  } catch {
    return undefined;
  }
}
