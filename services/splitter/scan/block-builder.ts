// Collects what becomes of the lines of one block and lays the part lines out, type by type, in one buffer. Lines are integers in
// growing tables until the end of the block: nothing is allocated for a line.
import {
  LINE_MEMBER,
  MAX_LINE_BYTES,
  SOURCE_MEMBER,
  type QuarantineReason,
} from "../../../shared/contracts/words.ts";
import { asBuffer } from "./bytes.ts";
import type { BlockResult, QuarantinedLine, TypeSegment } from "./contract.ts";
import type { TypeTable } from "./type-table.ts";

const PIPE = 0x7c;
const NEWLINE = 0x0a;
const CLOSE = 0x7d;
/** Twice the bytes of a line but for its number, at most. */
const SURELY_FITS = MAX_LINE_BYTES - 100;
/** Buffers kept for the next blocks. */
const MAX_SPARE = 4;
/** Columns of the row table. */
const [TYPE, LINE, START, END, COLUMNS] = [0, 1, 2, 3, 4];

export class BlockBuilder {
  readonly #types: TypeTable;
  readonly #head: Uint8Array;
  #block: Uint8Array = new Uint8Array(0);
  #firstLine = 1;
  #rows = new Int32Array(COLUMNS * 1024);
  #rowCount = 0;
  /** Bodies that do not stand in the block as they are, by row. */
  readonly #bodies = new Map<number, Uint8Array>();
  #bytesOfType = new Float64Array(64);
  #linesOfType = new Int32Array(64);
  #typesSeen: number[] = [];
  readonly #prefixes: (Uint8Array | undefined)[] = [];
  #quarantined: QuarantinedLine[] = [];
  readonly #spare: ArrayBuffer[] = [];
  #recycles = false;
  /** Digits of the line numbers below `#power`. */
  #digits = 1;
  #power = 10;
  #dropped = 0;
  #blank = 0;
  #normalised = 0;

  constructor(sourceId: string, types: TypeTable) {
    this.#types = types;
    this.#head = Buffer.from(`{"${SOURCE_MEMBER}":${JSON.stringify(sourceId)},"${LINE_MEMBER}":`);
  }

  /** To be called when the types were forgotten. */
  forgetTypes(): void {
    this.#prefixes.length = 0;
  }

  begin(block: Uint8Array, firstLine: number): void {
    this.#block = block;
    this.#firstLine = firstLine;
    this.#rowCount = 0;
    this.#bodies.clear();
    this.#typesSeen = [];
    this.#startDigits();
    this.#quarantined = [];
    this.#dropped = this.#blank = this.#normalised = 0;
  }

  blank(): void {
    this.#blank++;
  }

  drop(): void {
    this.#dropped++;
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
    this.#quarantined.push({ line: this.#firstLine + index, offset, start, end, reason, detail });
  }

  /**
   * Bytes of the part line with this body, each `|` counted twice, when that is over the limit; 0 when the line fits.
   */
  tooLong(type: number, index: number, source: Uint8Array, start: number, end: number): number {
    const member = this.#types.members[type]!;
    if ((end - start + member.length + this.#head.length) * 2 < SURELY_FITS) return 0;
    const length = this.#lineLength(member, index, end - start);
    const doubled = length + countPipes(source, start, end) + countPipes(member, 0, member.length);
    return doubled > MAX_LINE_BYTES ? doubled : 0;
  }

  /** Adds the line with this index in the block. The body (members and `}`) is `block[start, end)`, or `body` when given. */
  row(type: number, index: number, start: number, end: number, body?: Uint8Array): void {
    if ((this.#rowCount + 1) * COLUMNS > this.#rows.length) this.#rows = largerInts(this.#rows);
    if (body) this.#bodies.set(this.#rowCount, body);
    const at = this.#rowCount++ * COLUMNS;
    const rows = this.#rows;
    rows[at + TYPE] = type;
    rows[at + LINE] = index;
    rows[at + START] = start;
    rows[at + END] = end;
    this.#count(type, this.#lineLength(this.#types.members[type]!, index, end - start) + 1);
  }

  /** Without the newline. An empty body has no comma before it. */
  #lineLength(member: Uint8Array, index: number, body: number): number {
    return this.#head.length + this.#digitsOf(index) + member.length + body - (body === 1 ? 1 : 0);
  }

  /** Digits of the number of the line with this index; indexes never go down within a block. */
  #digitsOf(index: number): number {
    while (this.#firstLine + index >= this.#power) {
      this.#power *= 10;
      this.#digits++;
    }
    return this.#digits;
  }

  #startDigits(): void {
    this.#digits = 1;
    this.#power = 10;
  }

  #count(type: number, bytes: number): void {
    while (type >= this.#linesOfType.length) {
      this.#linesOfType = largerInts(this.#linesOfType);
      const bytes = new Float64Array(this.#linesOfType.length);
      bytes.set(this.#bytesOfType);
      this.#bytesOfType = bytes;
    }
    if (this.#linesOfType[type] === 0) this.#typesSeen.push(type);
    this.#linesOfType[type]!++;
    this.#bytesOfType[type]! += bytes;
  }

  finish(lines: number): BlockResult {
    const segments = this.#layOut();
    return {
      segments,
      quarantined: this.#quarantined,
      lines,
      rows: this.#rowCount,
      dropped: this.#dropped,
      blank: this.#blank,
      normalised: this.#normalised,
    };
  }

  #layOut(): TypeSegment[] {
    const total = this.#typesSeen.reduce((sum, type) => sum + this.#bytesOfType[type]!, 0);
    const out = this.#buffer(total);
    const segments: TypeSegment[] = [];
    let at = 0;
    for (const type of this.#typesSeen) {
      const end = at + this.#bytesOfType[type]!;
      const [eventType, lines] = [this.#types.names[type]!, this.#linesOfType[type]!];
      segments.push({ eventType, lines, bytes: new Uint8Array(out.buffer, at, end - at) });
      // From here on the place where the type's next line goes.
      this.#bytesOfType[type] = at;
      at = end;
    }
    this.#writeRows(out);
    for (const type of this.#typesSeen) this.#bytesOfType[type] = this.#linesOfType[type] = 0;
    return segments;
  }

  /** Hands the buffer of a block's segments back, to be written to again. */
  recycle(buffer: ArrayBuffer): void {
    this.#recycles = true;
    if (this.#spare.length < MAX_SPARE && buffer.byteLength > 0) this.#spare.push(buffer);
  }

  /** Every byte of it gets written: no need for zeros. */
  #buffer(bytes: number): Buffer<ArrayBuffer> {
    const fits = this.#spare.findIndex(({ byteLength }) => byteLength >= bytes && byteLength < bytes * 4);
    if (fits >= 0) return Buffer.from(this.#spare.splice(fits, 1)[0]!);
    this.#spare.length = 0;
    // Somewhat larger when it may come back, so that it fits the next blocks too.
    return Buffer.allocUnsafeSlow(this.#recycles ? bytes + (bytes >> 3) : bytes);
  }

  #writeRows(out: Buffer): void {
    const block = asBuffer(this.#block);
    const rows = this.#rows;
    const headLength = this.#head.length;
    this.#startDigits();
    for (let row = 0; row < this.#rowCount * COLUMNS; row += COLUMNS) {
      const type = rows[row + TYPE]!;
      const [start, end] = [rows[row + START]!, rows[row + END]!];
      const line = this.#firstLine + rows[row + LINE]!;
      const digits = this.#digitsOf(rows[row + LINE]!);
      const prefix = this.#prefix(type, digits);
      let at = this.#bytesOfType[type]!;
      writeDecimal(prefix, headLength + digits, line);
      out.set(prefix, at);
      at += prefix.length;
      // An empty body is the closing bracket alone: it takes the comma's place.
      if (end - start === 1) out[at - 1] = CLOSE;
      else {
        const body = this.#bodies.size > 0 ? this.#bodies.get(row / COLUMNS) : undefined;
        if (body) out.set(body, at);
        else block.copy(out, at, start, end);
        at += end - start;
      }
      out[at++] = NEWLINE;
      this.#bytesOfType[type] = at;
    }
  }

  /** The system members of a type's lines, with room for a line number of as many digits. */
  #prefix(type: number, digits: number): Uint8Array {
    const known = this.#prefixes[type];
    const member = this.#types.members[type]!;
    const length = this.#head.length + digits + member.length;
    if (known?.length === length) return known;
    const made = new Uint8Array(length);
    made.set(this.#head);
    made.set(member, length - member.length);
    this.#prefixes[type] = made;
    return made;
  }
}

function largerInts(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Writes the digits of a positive number so that they end at `end`. */
function writeDecimal(out: Uint8Array, end: number, value: number): void {
  let to = end;
  for (let rest = value; rest > 0;) {
    const next = Math.floor(rest / 10);
    out[--to] = 0x30 + rest - next * 10;
    rest = next;
  }
}

function countPipes(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (bytes[at] === PIPE) count++;
  return count;
}
