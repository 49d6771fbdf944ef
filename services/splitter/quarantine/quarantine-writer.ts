// Bad lines on their way to quarantine objects (shared/contracts/quarantine.ts): as records of NDJSON, long ones in pieces of fixed size.
import { QUARANTINE_PIECE_BYTES } from "../../../shared/contracts/formats.ts";
import type { QuarantineReason } from "../../../shared/contracts/words.ts";
import type { BadPiece } from "../frame/framed.ts";
import type { BadLine } from "../scan/bad-lines.ts";

/** Where the records go; `PartStream` is one. */
export interface RecordSink {
  append(bytes: Buffer, lines: number, mark: string | undefined, isWhole: boolean): void;
}

/** A line and the number of its next piece. */
interface Numbered {
  readonly line: number;
  readonly offset: number;
  readonly reason: QuarantineReason;
  readonly detail: string;
  piece: number;
}

interface Long extends Numbered {
  readonly held: Uint8Array[];
  heldBytes: number;
}

export class QuarantineWriter {
  readonly #open: () => RecordSink;
  #stream: RecordSink | undefined;
  #long: Long | undefined;
  /** Lines so far. */
  lines = 0;

  /** `open` is called when the first bad line comes. */
  constructor(open: () => RecordSink) {
    this.#open = open;
  }

  add(bad: BadLine): void {
    // The bytes are written down before anybody else may use their buffer: no copy of them is needed.
    if (!this.#long && bad.raw.length <= QUARANTINE_PIECE_BYTES)
      this.#record({ ...bad, piece: 0 }, bad.raw, true);
    else this.addPiece({ kind: "bad", ...bad, bytes: bad.raw, isLast: true });
  }

  /** Takes the next piece of a line; pieces of any length are cut to the size that the contract has. */
  addPiece({ line, offset, reason, detail, bytes, isLast }: BadPiece): void {
    this.#long ??= { line, offset, reason, detail, held: [], heldBytes: 0, piece: 0 };
    const long = this.#long;
    // A copy: the bytes may be in a block's buffer, which is used again.
    long.held.push(bytes.slice());
    long.heldBytes += bytes.length;
    if (long.heldBytes > QUARANTINE_PIECE_BYTES || isLast) this.#write(long, isLast);
    if (isLast) this.#long = undefined;
  }

  #write(long: Long, isLast: boolean): void {
    const bytes = Buffer.concat(long.held);
    let at = 0;
    while (bytes.length - at > QUARANTINE_PIECE_BYTES) {
      this.#record(long, bytes.subarray(at, at + QUARANTINE_PIECE_BYTES), false);
      at += QUARANTINE_PIECE_BYTES;
    }
    long.held.length = 0;
    if (isLast) return this.#record(long, bytes.subarray(at), true);
    long.held.push(bytes.subarray(at));
    long.heldBytes = bytes.length - at;
  }

  #record(long: Numbered, raw: Uint8Array, isLast: boolean): void {
    const { line, offset, reason, detail } = long;
    const isWhole = isLast && long.piece === 0;
    const record = {
      line,
      offset,
      bytes: raw.length,
      reason,
      detail,
      raw: Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString("base64"),
      ...(isWhole ? {} : { piece: long.piece, last: isLast }),
    };
    long.piece++;
    if (isLast) this.lines++;
    this.#stream ??= this.#open();
    const text = Buffer.from(`${JSON.stringify(record)}\n`);
    this.#stream.append(text, isLast ? 1 : 0, isLast ? reason : undefined, isLast);
  }
}
