// The bad lines of a block, as a few arrays: a block may have hundreds of thousands (`{}` and nothing else), which as objects, each with a view of its bytes,
// would be half a gigabyte in either thread.
import type { QuarantineReason } from "../../../shared/contracts/words.ts";
import type { QuarantinedLine } from "./contract.ts";

export interface BadLine {
  /** 1-based, in the source. */
  readonly line: number;
  /** Of the line's first byte, in the uncompressed source. */
  readonly offset: number;
  readonly reason: QuarantineReason;
  readonly detail: string;
  /** The record's bytes as they are in the source, in the block's buffer. */
  readonly raw: Uint8Array;
}

/** Plain data: it goes from thread to thread. The arrays may be longer than `count` says. */
export interface BadLines {
  readonly count: number;
  readonly lines: Float64Array;
  readonly offsets: Float64Array;
  /** Start and end of each, in the block. */
  readonly spans: Uint32Array;
  /** Which of `kinds` each is. */
  readonly kindOf: Uint32Array;
  readonly kinds: readonly Pick<BadLine, "reason" | "detail">[];
}

/** Room for so many, with what is in another. */
class Room {
  readonly lines: Float64Array;
  readonly offsets: Float64Array;
  readonly spans: Uint32Array;
  readonly kindOf: Uint32Array;

  constructor(size: number, other?: Room) {
    this.lines = new Float64Array(size);
    this.offsets = new Float64Array(size);
    this.spans = new Uint32Array(size * 2);
    this.kindOf = new Uint32Array(size);
    if (!other) return;
    this.lines.set(other.lines);
    this.offsets.set(other.offsets);
    this.spans.set(other.spans);
    this.kindOf.set(other.kindOf);
  }
}

const FIRST_ROOM = 16;
const NONE = new Room(0);

/** Collects the bad lines of one block after the other. */
export class BadLinesBuilder {
  #room = NONE;
  #count = 0;
  #kinds: Pick<BadLine, "reason" | "detail">[] = [];
  readonly #known = new Map<string, number>();

  add({ line, offset, start, end, reason, detail }: QuarantinedLine): void {
    if (this.#count === this.#room.lines.length)
      this.#room = new Room(Math.max(FIRST_ROOM, 2 * this.#count), this.#room);
    const i = this.#count++;
    const { lines, offsets, spans, kindOf } = this.#room;
    lines[i] = line;
    offsets[i] = offset;
    spans[i * 2] = start;
    spans[i * 2 + 1] = end;
    kindOf[i] = this.#kind(reason, detail);
  }

  /** Those since the call before, which are the caller's. */
  take(): BadLines {
    const { lines, offsets, spans, kindOf } = this.#room;
    const taken = { count: this.#count, lines, offsets, spans, kindOf, kinds: this.#kinds };
    this.#room = NONE;
    this.#count = 0;
    if (this.#kinds.length > 0) {
      this.#kinds = [];
      this.#known.clear();
    }
    return taken;
  }

  #kind(reason: QuarantineReason, detail: string): number {
    const name = `${reason} ${detail}`;
    let kind = this.#known.get(name);
    if (kind === undefined) {
      this.#known.set(name, (kind = this.#kinds.length));
      this.#kinds.push({ reason, detail });
    }
    return kind;
  }
}

/** One by one, in the order in which they were added. */
export function* quarantinedLines(bad: BadLines): Generator<QuarantinedLine, void, undefined> {
  const { count, lines, offsets, spans, kindOf, kinds } = bad;
  for (let i = 0; i < count; i++) {
    const [start, end] = [spans[i * 2]!, spans[i * 2 + 1]!];
    yield { line: lines[i]!, offset: offsets[i]!, start, end, ...kinds[kindOf[i]!]! };
  }
}

/** The same with their bytes, from a block that begins at `blockAt` of its buffer. */
export function* badLinesOf(
  bad: BadLines,
  buffer: ArrayBuffer,
  blockAt: number,
): Generator<BadLine, void, undefined> {
  for (const { start, end, ...rest } of quarantinedLines(bad))
    yield { ...rest, raw: new Uint8Array(buffer, blockAt + start, end - start) };
}
