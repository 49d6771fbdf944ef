// Writes lines that the warehouse refused to quarantine, in the splitter's format (shared/contracts/quarantine.ts), one line in memory at
// a time.
import { pipeline, Readable } from "node:stream";
import { createZstdCompress } from "node:zlib";
import { quarantineKey } from "../../shared/contracts/keys.ts";
import { QUARANTINE_PIECE_BYTES, type QuarantineRecord } from "../../shared/contracts/quarantine.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { LoadUnit } from "../../shared/ports/warehouse.ts";
import { readUnitLines } from "./part-lines.ts";

/** Longest detail: a database may quote the whole statement. */
const MAX_DETAIL_LENGTH = 500;

/** Resolves to the object's key when it is durable. The lines are the unit's `rejectedLines`. */
export async function putRefusedLines(
  store: ObjectStore,
  bucket: string,
  unit: LoadUnit,
  batchId: string,
  reason: string,
  signal: AbortSignal,
): Promise<string> {
  const key = quarantineKey(unit.sourceId, batchId, 0);
  const detail = `refused by the warehouse: ${reason}`.slice(0, MAX_DETAIL_LENGTH).toWellFormed();
  const records = Readable.from(recordsOf(store, bucket, unit, detail, signal));
  // A failure reaches the reader of the compressed side, which is `put`.
  const compressed = pipeline(records, createZstdCompress(), () => undefined);
  await store.put({ bucket, key }, compressed, { signal });
  return key;
}

async function* recordsOf(
  store: ObjectStore,
  bucket: string,
  unit: LoadUnit,
  detail: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const rejected = new Set(unit.rejectedLines);
  for (const part of unit.parts) {
    for await (const { line, bytes } of readUnitLines(store, bucket, unit, part, signal)) {
      if (!rejected.has(line)) continue;
      for (const record of pieces(line, withoutSystemMembers(bytes), detail))
        yield `${JSON.stringify(record)}\n`;
    }
  }
}

function* pieces(line: number, raw: Buffer, detail: string): Generator<QuarantineRecord, void, undefined> {
  // Where the line stood in the source is not known here; 0 says so.
  const record = { line, offset: 0, reason: "warehouse_refused" as const, detail };
  if (raw.length <= QUARANTINE_PIECE_BYTES) {
    yield { ...record, bytes: raw.length, raw: raw.toString("base64") };
    return;
  }
  for (let at = 0, piece = 0; at < raw.length; at += QUARANTINE_PIECE_BYTES, piece++) {
    const bytes = raw.subarray(at, at + QUARANTINE_PIECE_BYTES);
    const last = at + bytes.length === raw.length;
    yield { ...record, bytes: bytes.length, raw: bytes.toString("base64"), piece, last };
  }
}

/** The line as it was in the source (or as the splitter normalised it): the three members in front are taken out. */
function withoutSystemMembers(line: Buffer): Buffer {
  let at = 1;
  for (let member = 0; member < 3; member++) at = afterMember(line, at);
  if (line[at] === COMMA) at++;
  return Buffer.concat([Buffer.from("{"), line.subarray(at)]);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const CLOSING = 0x7d;

/** Position of what follows a member with a string or a number that begins at `at` or, with a comma in front, one later. */
function afterMember(line: Buffer, at: number): number {
  const start = line[at] === COMMA ? at + 1 : at;
  const value = afterString(line, start) + 1;
  if (line[value] === QUOTE) return afterString(line, value);
  let end = value;
  while (end < line.length && line[end] !== COMMA && line[end] !== CLOSING) end++;
  return end;
}

function afterString(line: Buffer, at: number): number {
  let end = at + 1;
  while (end < line.length && line[end] !== QUOTE) end += line[end] === BACKSLASH ? 2 : 1;
  return end + 1;
}
