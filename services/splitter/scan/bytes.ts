// Byte-level rules that the scanner's module leaves to JavaScript, because they need the decoded text.
import { asBuffer } from "../frame/copy-bytes.ts";
import { classifyString } from "../../../shared/shape/classify.ts";
import { KIND } from "./kinds.ts";

/** The kind of a string with escapes, between its quotes, that is valid and `length` bytes long unescaped. */
export function escapedStringKind(bytes: Uint8Array, start: number, end: number, length: number): number {
  const first = bytes[start];
  if (length < 10 || length > 32 || (first !== 0x5c && !(first! >= 0x30 && first! <= 0x39)))
    return KIND.STRING;
  const kind = classifyString(unescaped(bytes, start, end));
  if (kind === "string") return KIND.STRING;
  if (kind === "date") return KIND.DATE;
  return kind === "timestamp" ? KIND.TIMESTAMP : KIND.TIMESTAMPTZ;
}

/** The text of a valid JSON string between its quotes. */
export function unescaped(bytes: Uint8Array, start: number, end: number): string {
  return String(JSON.parse(`"${asBuffer(bytes).toString("utf8", start, end)}"`));
}
