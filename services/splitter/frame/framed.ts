// What framing gives: the source's bytes cut into blocks of whole records, and records that are bad before anybody has to parse them.
import type { QuarantineReason } from "../../../shared/contracts/words.ts";

/** Raw size at which a block is closed. Large enough that handing it to a thread costs nothing, small enough that a few fit in memory. */
export const BLOCK_BYTES = 1024 * 1024;
/** A record longer than this is never held in memory: its bytes stream to quarantine. Longer than any line a warehouse takes. */
export const MAX_RECORD_BYTES = 8 * 1024 * 1024;
/** How much of a chunk is looked at in one step. */
export const STEP_BYTES = 256 * 1024;

/** Line number of what nobody has counted yet: where one scanner gets all blocks of a source in order, it counts the lines as it reads them. */
export const UNCOUNTED = 0;

/** Whole records, in a buffer of their own that may be transferred to a thread. */
export interface Block {
  readonly kind: "block";
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Start and end of each record in `bytes`, in turn; missing when every line of text is a record. */
  readonly spans: Uint32Array<ArrayBuffer> | undefined;
  /** Line number of the first record, from 1; UNCOUNTED when whoever scans the blocks counts. */
  readonly firstLine: number;
  /** Records in the block, blank ones included; 0 when uncounted. */
  readonly lines: number;
  /** Bad records between the block before and this one, when uncounted. */
  readonly passed?: number;
  /** Uncompressed bytes of the source before the block. */
  readonly offset: number;
}

/** A record, or a piece of one, on its way to quarantine. The pieces of a record follow one another. */
export interface BadPiece {
  readonly kind: "bad";
  /** From 1, or UNCOUNTED. */
  readonly line: number;
  /** Uncompressed bytes of the source before the record. */
  readonly offset: number;
  readonly reason: QuarantineReason;
  readonly detail: string;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

export type Framed = Block | BadPiece;

/** Frames one source. Any cutting of the same bytes into chunks gives the same records with the same numbers. */
export interface Framer {
  push(chunk: Uint8Array): Framed[];
  /**
   * Frames a chunk where it is. Undefined when that cannot be: then it is to be pushed. Else its buffer, with `headroom` bytes before the
   * chunk, belongs to a block of the result from then on.
   */
  adopt?(chunk: Uint8Array<ArrayBuffer>, headroom: number): Framed[] | undefined;
  /** The source has ended: what is left is a record like others. */
  end(): Framed[];
  /** The source breaks off here: records that are not whole are left out. */
  endTorn(): Framed[];
  /** Gives back the memory that is in no block. Nothing may be asked any more; what was framed stays as it is. */
  close(): void;
  /** Whole records so far, when they are counted. */
  readonly lines: number;
}

/** Gives buffers of at least the size asked for. */
export type TakeBuffer = (bytes: number) => Uint8Array<ArrayBuffer>;

export const newBuffer: TakeBuffer = (bytes) => new Uint8Array(bytes);

/** Where the memory of blocks comes from; it goes back there when they have been scanned. */
export interface BlockMemory {
  readonly take: TakeBuffer;
  give(buffer: ArrayBuffer): void;
}

export const garbage: BlockMemory = { take: newBuffer, give: () => undefined };
