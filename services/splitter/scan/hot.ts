// Layout of the part of the path tree that the inner loop reads.

/** What the inner loop reads of a node, side by side in `hot`: node n's begin at n × 8. */
export const HOT = {
  /** The member that came after this one when it was last met. */
  NEXT: 0,
  /** The first member when the object here was last met. */
  FIRST: 1,
  /** The key as it is written, with its quotes and a colon, in words of the key table: first and last word, mask of the last one, bytes. */
  WORD: 2,
  LAST: 3,
  MASK: 4,
  BYTES: 5,
  FLAGS: 6,
  /** The object in which this member was last met, to find duplicates. */
  OBJECT: 7,
} as const;
/** log2 of the columns of `hot`. */
export const HOT_SHIFT = 3;
