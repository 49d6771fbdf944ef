// Kinds of value as small integers, in the order of the counters that each path has.

export const KIND = {
  NULL: 0,
  BOOLEAN: 1,
  /** Up to 15 digits: the value on the tape is exact. */
  INTEGER: 2,
  /** The value is `packDigits`. */
  FLOAT: 3,
  /** The value is the length in bytes. */
  STRING: 4,
  TIMESTAMPTZ: 5,
  TIMESTAMP: 6,
  DATE: 7,
  OBJECT: 8,
  ARRAY: 9,
  /** An integer of 16 to 19 digits within 64 bits: the value is the position of its text. */
  BIG_INTEGER: 10,
  /** No value: the object has more keys than are listed. */
  WHOLE: 11,
} as const;

/** log2 of the counters that a path has: a node and a kind are one integer, node × 16 + kind. */
export const KIND_SHIFT = 4;

/** Digits of a float, each below 1,024, in one integer. */
export function packDigits(integerDigits: number, scale: number, significantDigits: number): number {
  return (integerDigits << 20) | (scale << 10) | significantDigits;
}
