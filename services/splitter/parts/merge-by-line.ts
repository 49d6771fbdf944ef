// Part lines of several event types in one stream: in the order of their line numbers, whatever the blocks were.
import { LINE_MEMBER, SOURCE_MEMBER } from "../../../shared/contracts/words.ts";

const LF = 0x0a;
const COMMA = 0x2c;
/** Every part line begins `{"_lr_source":"<32 hex digits>","_lr_line":`; the number follows. */
const NUMBER_AT = `{"${SOURCE_MEMBER}":"${"0".repeat(32)}","${LINE_MEMBER}":`.length;

/** One buffer with the lines of all segments, each of which is in order by itself. */
export function mergeByLine(segments: readonly Uint8Array[]): Uint8Array {
  if (segments.length === 1) return segments[0]!;
  const lines: { readonly number: number; readonly bytes: Uint8Array }[] = [];
  for (const segment of segments) {
    for (let at = 0; at < segment.length;) {
      const next = segment.indexOf(LF, at) + 1;
      const bytes = segment.subarray(at, next);
      lines.push({ number: lineNumber(bytes), bytes });
      at = next;
    }
  }
  return Buffer.concat(lines.sort((a, b) => a.number - b.number).map((line) => line.bytes));
}

function lineNumber(line: Uint8Array): number {
  let number = 0;
  for (let at = NUMBER_AT; line[at] !== COMMA; at++) number = number * 10 + line[at]! - 0x30;
  return number;
}
