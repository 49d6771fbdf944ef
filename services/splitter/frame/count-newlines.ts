// Counts line feeds four bytes at a time: line numbers must be known before a block goes to a thread.

const LF = 0x0a;
const LF_IN_EACH_BYTE = 0x0a0a0a0a;
const LOW_BITS = 0x7f7f7f7f;
/** Each byte of the running sum counts one lane; 255 words cannot overflow it. */
const WORDS_A_ROUND = 255;

export function countNewlines(bytes: Uint8Array, end = bytes.length): number {
  let at = 0;
  let count = 0;
  while (at < end && (bytes.byteOffset + at) % 4 !== 0) if (bytes[at++] === LF) count++;
  const whole = (end - at) >>> 2;
  const words = new Uint32Array(bytes.buffer, whole > 0 ? bytes.byteOffset + at : 0, whole);
  for (let from = 0; from < words.length; from += WORDS_A_ROUND) {
    count += countInWords(words, from, Math.min(from + WORDS_A_ROUND, words.length));
  }
  for (at += words.length * 4; at < end; at++) if (bytes[at] === LF) count++;
  return count;
}

/** A byte of `~(((x & 0x7f) + 0x7f) | x | 0x7f)` has its top bit set exactly when the byte of `x` is zero (Hacker's Delight, 6-1). */
function countInWords(words: Uint32Array, from: number, to: number): number {
  let lanes = 0;
  for (let i = from; i < to; i++) {
    const x = words[i]! ^ LF_IN_EACH_BYTE;
    lanes += (~(((x & LOW_BITS) + LOW_BITS) | x | LOW_BITS) >>> 7) & 0x01010101;
  }
  return (lanes & 0xff) + ((lanes >>> 8) & 0xff) + ((lanes >>> 16) & 0xff) + (lanes >>> 24);
}
