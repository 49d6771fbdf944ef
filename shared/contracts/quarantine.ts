// Quarantine objects: zstd-compressed NDJSON with the bytes of bad lines, as they were in the source, and why they are there. A line of any
// length is there whole: long ones in several records, one after the other. Contract version 1, documented in docs/contracts.md.
import { createZstdDecompress } from "node:zlib";
import { z } from "zod";
import { RouterError } from "../errors/router-error.ts";
import { QUARANTINE_PIECE_BYTES } from "./formats.ts";
import { QUARANTINE_REASONS } from "./words.ts";

export { QUARANTINE_PIECE_BYTES };

const count = z.int().min(0);

export const quarantineRecordSchema = z
  .strictObject({
    line: z.int().min(1).describe("Line number in the source, from 1"),
    offset: count.describe("Uncompressed bytes of the source before the line"),
    bytes: count.describe("Raw bytes in this record"),
    reason: z.enum(QUARANTINE_REASONS),
    detail: z
      .string()
      .describe("For people: what is wrong and where; never the line's content, save an event type"),
    raw: z.string().describe("The bytes as they are in the source, without the line ending"),
    piece: count
      .optional()
      .describe("Of a long line: number of this piece, from 0; missing when there is one only"),
    last: z.boolean().optional().describe("With `piece`: whether the line ends here"),
  })
  .meta({ id: "QuarantineRecord" });

export type QuarantineRecord = z.infer<typeof quarantineRecordSchema>;

/** A quarantined line put together again. */
export interface QuarantinedLine {
  readonly line: number;
  readonly offset: number;
  readonly reason: QuarantineRecord["reason"];
  readonly detail: string;
  /** All of its bytes, or the first `maxBytes` of them. */
  readonly raw: Uint8Array;
  /** Length of the line, also when `raw` has only its start. */
  readonly bytes: number;
}

/**
 * Reads the lines of one quarantine object from its stored bytes, in the order of the source. Of a line longer than `maxBytes` (default
 * 1 MiB) only the start is kept. Throws RECEIPT_INVALID when the object is not what the splitter writes.
 */
export async function* readQuarantine(
  stored: AsyncIterable<Uint8Array>,
  maxBytes = 1024 * 1024,
): AsyncGenerator<QuarantinedLine, void, undefined> {
  let pieces: QuarantineRecord[] = [];
  let kept = 0;
  let bytes = 0;
  for await (const text of textLines(frames(stored))) {
    const record = parseRecord(text);
    if ((record.piece ?? 0) === 0) [pieces, kept, bytes] = [[], 0, 0];
    bytes += record.bytes;
    if (kept < maxBytes || pieces.length === 0) pieces.push(record);
    kept += record.bytes;
    if (record.last === false) continue;
    const { line, offset, reason, detail } = pieces[0]!;
    const raw = Buffer.concat(pieces.map((piece) => Buffer.from(piece.raw, "base64"))).subarray(0, maxBytes);
    yield { line, offset, reason, detail, raw, bytes };
  }
}

function parseRecord(text: string): QuarantineRecord {
  try {
    return quarantineRecordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new RouterError("RECEIPT_INVALID", "A quarantine object has a record that is none.", { cause });
  }
}

/** Node's zstd stream ends with its first frame; the rest is fed to a new one. */
async function* frames(stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const whole: Uint8Array[] = [];
  for await (const chunk of stored) whole.push(chunk);
  let rest: Uint8Array = Buffer.concat(whole);
  while (rest.length > 0) {
    const stream = createZstdDecompress({ chunkSize: QUARANTINE_PIECE_BYTES });
    stream.end(rest);
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) yield chunk;
    } catch (cause) {
      throw new RouterError("RECEIPT_INVALID", "A quarantine object is no zstd data.", { cause });
    }
    rest = rest.subarray(stream.bytesWritten);
  }
}

async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let held = "";
  for await (const chunk of chunks) {
    const lines = (held + decoder.decode(chunk, { stream: true })).split("\n");
    held = lines.pop()!;
    yield* lines;
  }
  if (held !== "") yield held;
}
