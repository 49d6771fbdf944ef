// Layout of the part of the path tree that the inner loop reads.

/** What the inner loop reads of a node, side by side in `hot`: node n's begin at n × 8. */
export const HOT = {
  /** The member that came after this one when it was last met. */
  NEXT: 0,
  /** The first member when the object here was last met. */
  FIRST: 1,
  /** The key as it is written, with its quotes and a colon, in words of the key table: first and last word, mask of the last one. */
  WORD: 2,
  LAST: 3,
  MASK: 4,
  /** Its bytes × 4 + flags. */
  BYTES_FLAGS: 5,
  /** The object in which this member was last met, to find duplicates. */
  STAMP: 6,
  /** log2 of the columns. */
  SHIFT: 3,
} as const;

/** Flag: nothing is counted at this node or below, because it stands in an array. */
export const SILENT = 1;
/** Flag: an event type may be here. */
export const TYPE_PATH = 2;
/** log2 of the place of the bytes beside the flags. */
export const FLAG_BITS = 2;

/** The node that is none: of what has no path, or lies below an object that is kept whole. Silent. */
export const NO_NODE = 0;
/** Root of the tree for lines whose event type is not known yet. */
export const FIRST_ROOT = 1;
