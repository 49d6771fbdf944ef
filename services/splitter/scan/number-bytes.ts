// Numbers that the scanner's module leaves aside: those with an exponent, and those with more digits than it takes.
import { classifyNumber } from "../../../shared/shape/classify.ts";
import { asBuffer } from "../frame/copy-bytes.ts";
import { packDigits } from "./kinds.ts";

/**
 * Reads the number that begins at `start` with `-` or a digit. Returns the position after it; −1 when it is invalid, not exact, or an
 * integer beyond 64 bits. `take` gets the packed digits of a float.
 */
export function readNumber(bytes: Uint8Array, start: number, take: (packedDigits: number) => void): number {
  let end = digitsEnd(bytes, bytes[start] === 0x2d ? start + 1 : start);
  if (bytes[end] === 0x2e) end = digitsEnd(bytes, end + 1);
  if ((bytes[end]! | 0x20) === 0x65) {
    const digits = bytes[end + 1] === 0x2b || bytes[end + 1] === 0x2d ? end + 2 : end + 1;
    end = digitsEnd(bytes, digits);
    if (end === digits) return -1;
  }
  const facts = classifyNumber(asBuffer(bytes).toString("latin1", start, end));
  if (facts.kind !== "float") return -1;
  take(packDigits(facts.integerDigits, facts.scale, facts.significantDigits));
  return end;
}

function digitsEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end]! >= 0x30 && bytes[end]! <= 0x39) end++;
  return end;
}
