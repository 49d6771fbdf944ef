// What becomes of the lines of a block: rows are kept in the scanner's memory and laid out there, the rest is kept here.
import {
  LINE_MEMBER,
  MAX_LINE_BYTES,
  SOURCE_MEMBER,
  type QuarantineReason,
} from "../../../shared/contracts/words.ts";
import { BadLinesBuilder } from "./bad-lines.ts";
import type { ScanMemory } from "./scan-memory.ts";
import type { TypeTable } from "./type-table.ts";
import {
  BLANK,
  BODIES,
  DROPPED,
  FIRST_LINE,
  HEAD,
  HEAD_LENGTH,
  MAX_BODIES,
  MAX_TYPES,
  OUT,
  OUT_TOTAL,
  ROW_COUNT,
  TYPES_SEEN,
  TYPES_SEEN_COUNT,
} from "./wasm/assembly/layout.ts";

const PIPE = 0x7c;

/** Part lines as they stand in the scanner's memory from OUT on; see `Segments`. */
export interface LaidOut {
  readonly bytes: number;
  readonly types: Uint32Array;
  readonly lines: Uint32Array;
  /** Offsets from the first byte. */
  readonly spans: Uint32Array;
}

export class BlockBuilder {
  readonly #memory: ScanMemory;
  readonly #types: TypeTable;
  readonly #cells: Int32Array;
  readonly #firstLine: BigInt64Array;
  readonly #typesSeen: Int32Array;
  #first = 1;
  #bodiesUsed = 0;
  #rowsLaidOut = 0;
  readonly #bad = new BadLinesBuilder();
  #normalised = 0;

  constructor(memory: ScanMemory, sourceId: string, types: TypeTable) {
    this.#memory = memory;
    this.#types = types;
    this.#cells = memory.cells;
    this.#firstLine = memory.longs(FIRST_LINE, 1);
    this.#typesSeen = memory.ints(TYPES_SEEN, MAX_TYPES);
    this.source(sourceId);
  }

  /** The lines that follow are of this source. */
  source(sourceId: string): void {
    const head = Buffer.from(`{"${SOURCE_MEMBER}":${JSON.stringify(sourceId)},"${LINE_MEMBER}":`);
    this.#memory.bytes.set(head, HEAD);
    this.#cells[HEAD_LENGTH] = head.length;
  }

  begin(firstLine: number): void {
    this.#first = firstLine;
    this.#firstLine[0] = BigInt(firstLine);
    this.#cells[BLANK] = this.#cells[DROPPED] = 0;
    this.#bad.take();
    this.#normalised = this.#rowsLaidOut = 0;
    this.#beginRows();
  }

  blank(): void {
    this.#cells[BLANK]!++;
  }

  drop(): void {
    this.#cells[DROPPED]!++;
  }

  normalise(): void {
    this.#normalised++;
  }

  quarantine(
    index: number,
    offset: number,
    start: number,
    end: number,
    reason: QuarantineReason,
    detail: string,
  ): void {
    this.#bad.add({ line: this.#first + index, offset, start, end, reason, detail });
  }

  /**
   * Bytes of the part line with this body, each `|` counted twice, when that is over the limit; 0 when the line fits.
   */
  tooLong(type: number, index: number, source: Uint8Array, start: number, end: number): number {
    const length = this.#memory.module.lineLength(type, index, end - start);
    if (length * 2 <= MAX_LINE_BYTES) return 0;
    const member = this.#types.memberStart[type]!;
    const doubled =
      length +
      countPipes(source, start, end) +
      countPipes(this.#memory.bytes, member, member + this.#types.memberLength[type]!);
    return doubled > MAX_LINE_BYTES ? doubled : 0;
  }

  /** Adds the line with this index in the block. The body (members and `}`) stands at `[start, end)` of the memory. */
  row(type: number, index: number, start: number, end: number): void {
    this.#memory.module.row(type, index, start, end);
  }

  /** False when the rows must be laid out before one with such a body can be added. */
  hasRoomFor(body: Uint8Array): boolean {
    return this.#bodiesUsed + body.length <= MAX_BODIES;
  }

  /** Adds a line whose body does not stand in the block as it is. */
  rowOf(type: number, index: number, body: Uint8Array): void {
    const start = BODIES + this.#bodiesUsed;
    this.#memory.bytes.set(body, start);
    this.#bodiesUsed += body.length;
    this.row(type, index, start, start + body.length);
  }

  /** Lays the rows out, from OUT on, and begins anew with none. */
  layOut(): LaidOut {
    const { lines, bytes } = this.#types;
    const types = Uint32Array.from(this.#typesSeen.subarray(0, this.#cells[TYPES_SEEN_COUNT]));
    const [linesOf, spans] = [new Uint32Array(types.length), new Uint32Array(types.length * 2)];
    let at = 0;
    types.forEach((type, index) => {
      linesOf[index] = lines[type]!;
      spans[index * 2] = at;
      const end = at + bytes[type]!;
      // From here on the address where the type's next line goes.
      bytes[type] = OUT + at;
      at = spans[index * 2 + 1] = end;
    });
    this.#memory.module.layOut();
    for (const type of types) bytes[type] = lines[type] = 0;
    this.#rowsLaidOut += this.#cells[ROW_COUNT]!;
    this.#beginRows();
    return { bytes: at, types, lines: linesOf, spans };
  }

  /** What became of all lines since `begin`, but for the segments. */
  totals() {
    return {
      quarantined: this.#bad.take(),
      rows: this.#rowsLaidOut,
      dropped: this.#cells[DROPPED]!,
      blank: this.#cells[BLANK]!,
      normalised: this.#normalised,
    };
  }

  get hasRows(): boolean {
    return this.#cells[OUT_TOTAL]! > 0;
  }

  #beginRows(): void {
    this.#bodiesUsed = 0;
    this.#memory.module.beginRows();
  }
}

function countPipes(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (bytes[at] === PIPE) count++;
  return count;
}
