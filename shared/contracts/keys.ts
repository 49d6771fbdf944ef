// Every key under the routed bucket is made here. Keys use only [A-Za-z0-9/_.-] and are shorter than 200 characters
// (DESIGN.md 3): no emulator or event encodes them differently, and Redshift's system views cut file names at 256.
import { createHash, randomBytes } from "node:crypto";

/** Prefixes of the routed bucket. No key under them is ever taken for a source. */
export const ROUTED_PREFIXES = ["receipts/", "parts/", "shapes/", "quarantine/", "loads/"] as const;

/**
 * Identity of a source object: 32 lower-case hex digits of SHA-256 over bucket, decoded key and unquoted ETag, the ETag taken from
 * the GET response that the bytes came from.
 */
export function sourceId(bucket: string, key: string, etag: string): string {
  return createHash("sha256").update(`${bucket}\0${key}\0${etag}`, "utf8").digest("hex").slice(0, 32);
}

const ATTEMPT_BYTES = 8;
const ATTEMPTS_AT_ONCE = 128;
let random: Buffer = Buffer.alloc(0);

/** A random name for one run of the splitter over a source: 16 lower-case hex digits. */
export function newAttemptId(): string {
  // Randomness costs the same for one and for many.
  if (random.length === 0) random = randomBytes(ATTEMPT_BYTES * ATTEMPTS_AT_ONCE);
  const id = random.toString("hex", 0, ATTEMPT_BYTES);
  random = random.subarray(ATTEMPT_BYTES);
  return id;
}

export function receiptPrefix(source: string): string {
  return `receipts/${source}/`;
}

export function receiptKey(source: string, generation: number): string {
  return `${receiptPrefix(source)}${generation}.json`;
}

/** The source id and generation that a receipt's key names, or undefined when it is no receipt's key. */
export function parseReceiptKey(key: string): { source: string; generation: number } | undefined {
  const match = /^receipts\/([0-9a-f]{32})\/(0|[1-9][0-9]{0,8})\.json$/.exec(key);
  return match ? { source: match[1]!, generation: Number(match[2]) } : undefined;
}

/** What the keys of a source's parts begin with. */
export function partPrefix(source: string): string {
  return `parts/${source}-`;
}

/** All in one folder: in a store of folders, those of an attempt's own would take longer to be made and flushed than a small part. */
export function partKey(source: string, attempt: string, sequence: number, extension: string): string {
  return `${partPrefix(source)}${attempt}-${String(sequence).padStart(6, "0")}.ndjson${extension}`;
}

export function quarantineKey(source: string, attempt: string, sequence: number): string {
  return `quarantine/${source}/${attempt}/${String(sequence).padStart(6, "0")}.ndjson.zst`;
}

export function shapesKey(source: string, attempt: string): string {
  return `shapes/${source}/${attempt}.json.zst`;
}
