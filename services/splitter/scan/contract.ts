// What goes into a scanner and what comes out: the joint between the scanner and the pipeline around it.
import type { QuarantineReason } from "../../../shared/contracts/words.ts";
import type { Path } from "../../../shared/schema/types.ts";
import type { BadLines } from "./bad-lines.ts";

/** What becomes of the valid lines of an event type. */
export type Fate = "keep" | "drop" | "quarantine";

export interface ScanOptions {
  /** Goes into `_lr_source`. */
  readonly sourceId: string;
  /**
   * Where a line says its event type. The first path that matches wins: a string of 1 to 200 bytes of UTF-8, unescaped, without NUL and
   * without half a surrogate pair, or an integer within 64 bits, whose text it is then.
   */
  readonly eventTypePaths: readonly Path[];
  /** Every line has this event type; the paths are not looked at. */
  readonly constantEventType?: string;
  /** An object at depth d with more than the d-th number of distinct keys is whole in the shape; 0 beyond the last. */
  readonly keysPerDepth: readonly number[];
  /** Asked when an event type is met for the first time; the answer is remembered. Must be a pure function. */
  readonly fate: (eventType: string) => Fate;
}

/**
 * The part lines of a block: a segment for each event type, in the order in which the types first appear, as few objects as possible. (A block
 * of very many bytes may have several segments of a type, in order.)
 */
export interface Segments {
  /** Within which `types` are numbers: a scanner's own, or a new one each time it has forgotten its event types. */
  readonly numbering: string;
  /** The event types of the segments, as numbers (types-by-number.ts). */
  readonly types: Uint32Array;
  /** Names that no segments of this numbering have brought before: of the numbers from `firstNew` on. */
  readonly firstNew: number;
  readonly newNames: readonly string[];
  /** Lines of each segment. */
  readonly lines: Uint32Array;
  /** Start and end of each segment in `bytes`. */
  readonly spans: Uint32Array;
  /** Part lines, each ending in \n. The buffer (which may be larger) is the caller's from now on. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface QuarantinedLine {
  /** 1-based, in the source. */
  readonly line: number;
  /** Of the line's first byte, in the uncompressed source. */
  readonly offset: number;
  /** Position of the raw bytes within the block, without the line ending. */
  readonly start: number;
  readonly end: number;
  readonly reason: QuarantineReason;
  /** For people: what is wrong and at which byte of the line; never the line's content, save the event type. */
  readonly detail: string;
}

/** lines = rows + quarantined.count + dropped + blank. */
export interface BlockResult {
  readonly segments: Segments;
  /** In the order of the lines. */
  readonly quarantined: BadLines;
  readonly lines: number;
  readonly rows: number;
  readonly dropped: number;
  readonly blank: number;
  /** Of the rows, how many were rewritten. */
  readonly normalised: number;
}
