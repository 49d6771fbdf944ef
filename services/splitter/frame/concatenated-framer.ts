// Format concatenated: objects one after another, with any white space or none between them (as Firehose delivers them). Framing counts
// braces outside of strings; whether a record is valid JSON is the scanner's affair. Rules for what cannot be framed: README.md.
import { garbage, MAX_RECORD_BYTES, STEP_BYTES, type Framed, type Framer } from "./framed.ts";
import type { LineFramerOptions } from "./line-framer.ts";
import { SpanBuffer } from "./span-buffer.ts";

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * between: white space before a record. object: inside one. garbage: no object begins here; ends at a line feed or `{`. broken: an object
 * that can never be whole; ends before `{` that follows a line feed or, with only white space between, `}`. long: an object too long to
 * hold, passing by.
 */
type State = "between" | "object" | "garbage" | "broken" | "long";

/** After this many times the record limit of scanning in vain, one stretch is given up as a whole. Keeps hostile input from costing the square of its length. */
const MAX_VAIN_SCANS = 8;

export class ConcatenatedFramer implements Framer {
  readonly #buffer: SpanBuffer;
  readonly #maxRecordBytes: number;
  readonly #stepBytes: number;
  #state: State = "between";
  /** Next byte to look at. In every state but `between` the record in hand begins at position `#start`. */
  #at = 0;
  #start = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The last byte that was no white space, outside of strings. */
  #last = 0;
  /** Bytes scanned for nothing since a record ended beyond `#givenUpAt`, a source offset. */
  #vain = 0;
  #givenUpAt = 0;
  #detail = "";
  /** The bad record in hand was too long before it was found to be broken. */
  #longBroken = false;

  constructor(startOffset = 0, options: LineFramerOptions = {}) {
    this.#maxRecordBytes = options.maxRecordBytes ?? MAX_RECORD_BYTES;
    this.#stepBytes = Math.min(STEP_BYTES, this.#maxRecordBytes);
    this.#buffer = new SpanBuffer(startOffset, options.memory ?? garbage, options.blockBytes);
  }

  get lines(): number {
    return this.#buffer.lines;
  }

  close(): void {
    this.#buffer.close();
  }

  push(chunk: Uint8Array): Framed[] {
    const framed: Framed[] = [];
    for (let at = 0; at < chunk.length; at += this.#stepBytes) {
      this.#buffer.append(chunk.subarray(at, at + this.#stepBytes));
      this.#advance(framed);
      if (this.#isPassing()) this.#pass(framed);
      else if (this.#buffer.isBlockFull)
        this.#cut(this.#state === "between" ? this.#at : this.#start, framed);
    }
    return framed;
  }

  end(): Framed[] {
    const framed: Framed[] = [];
    while (this.#state === "object") {
      this.#fail("the source ends inside an object", framed);
      this.#advance(framed);
    }
    if (this.#state !== "between") this.#finishBad(this.#at, framed);
    this.#cut(this.#at, framed);
    return framed;
  }

  endTorn(): Framed[] {
    const framed: Framed[] = [];
    if (this.#state === "between" || this.#state === "object") {
      this.#cut(this.#state === "object" ? this.#start : this.#at, framed);
    } else {
      this.#finishBad(this.#at, framed);
    }
    return framed;
  }

  #advance(framed: Framed[]): void {
    while (this.#at < this.#buffer.length) {
      if (this.#state === "between") this.#between();
      else if (this.#state === "object") this.#object(framed);
      else if (this.#state === "garbage") this.#garbage(framed);
      else if (this.#state === "broken") this.#broken(framed);
      else this.#long(framed);
    }
  }

  #between(): void {
    const { bytes, length } = this.#buffer;
    while (this.#at < length && isSpace(bytes[this.#at]!)) this.#at++;
    if (this.#at < length) this.#begin(bytes[this.#at] === OPEN_BRACE ? "object" : "garbage");
  }

  #begin(state: "object" | "garbage"): void {
    this.#state = state;
    this.#start = this.#at;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#last = 0;
    this.#detail = "neither an object nor white space";
  }

  #object(framed: Framed[]): void {
    const limit = Math.min(this.#buffer.length, this.#start + this.#maxRecordBytes);
    const verdict = this.#scanObject(limit);
    if (verdict === "whole") this.#whole();
    else if (verdict === "torn") this.#torn(framed);
    else if (verdict === "control") this.#fail("a string with a line break or control character", framed);
    else if (limit < this.#buffer.length) this.#tooLong(framed);
  }

  /** `}{` inside an object: no JSON has that, and the next object begins right here. */
  #torn(framed: Framed[]): void {
    this.#detail = "another object begins before this one ends";
    this.#state = "broken";
    this.#finishBad(this.#at, framed);
  }

  #whole(): void {
    this.#buffer.addRecord(this.#start, this.#at);
    if (this.#buffer.offsetOf(this.#at) > this.#givenUpAt) this.#vain = 0;
    this.#state = "between";
  }

  /** Scans on from `#at`, which ends after the object (whole), at the offending byte (torn, control) or at the limit. */
  #scanObject(limit: number): "whole" | "torn" | "control" | "more" {
    const { bytes } = this.#buffer;
    let at = this.#at;
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let last = this.#last;
    let verdict: "whole" | "torn" | "control" | "more" = "more";
    for (; at < limit; at++) {
      const byte = bytes[at]!;
      if (inString) {
        if (byte < 0x20) {
          verdict = "control";
          break;
        }
        if (escaped) escaped = false;
        else if (byte === QUOTE) inString = false;
        else if (byte === BACKSLASH) escaped = true;
      } else if (!isSpace(byte)) {
        if (byte === OPEN_BRACE && last === CLOSE_BRACE) {
          verdict = "torn";
          break;
        }
        last = byte;
        if (byte === QUOTE) inString = true;
        else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
        else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) {
          verdict = "whole";
          at++;
          break;
        }
      }
    }
    this.#at = at;
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    this.#last = last;
    return verdict;
  }

  /** The object in hand can never be whole: look for where the next one begins, from its second byte on. */
  #fail(detail: string, framed: Framed[]): void {
    const seen = this.#at;
    this.#detail = detail;
    this.#vain += seen - this.#start;
    this.#givenUpAt = Math.max(this.#givenUpAt, this.#buffer.offsetOf(seen));
    this.#state = "broken";
    this.#last = 0;
    if (this.#vain <= MAX_VAIN_SCANS * this.#maxRecordBytes) this.#at = this.#start + 1;
    this.#broken(framed);
  }

  /** Too long to hold. A next object inside says that this one was torn; else it passes by whole. */
  #tooLong(framed: Framed[]): void {
    const { bytes, length } = this.#buffer;
    const start = nextStart(bytes, this.#start + 1, Math.min(length, this.#at), 0).start;
    if (start !== -1) return this.#fail(`over ${this.#maxRecordBytes} bytes`, framed);
    this.#state = "long";
    this.#detail = `an object over ${this.#maxRecordBytes} bytes`;
    this.#startAtFront(framed);
  }

  #garbage(framed: Framed[]): void {
    const { bytes, length } = this.#buffer;
    while (this.#at < length && bytes[this.#at] !== LF && bytes[this.#at] !== OPEN_BRACE) this.#at++;
    if (this.#at < length) this.#finishBad(this.#at, framed);
  }

  #broken(framed: Framed[]): void {
    const { bytes, length } = this.#buffer;
    const found = nextStart(bytes, this.#at, length, this.#last);
    this.#last = found.last;
    this.#at = found.start === -1 ? length : found.start;
    if (found.start !== -1) this.#finishBad(this.#at, framed);
  }

  #long(framed: Framed[]): void {
    const verdict = this.#scanObject(this.#buffer.length);
    if (verdict === "more") return;
    if (verdict === "whole" || verdict === "torn") return this.#finishBad(this.#at, framed);
    this.#state = "broken";
    this.#last = 0;
    this.#longBroken = true;
  }

  #isPassing(): boolean {
    if (this.#state === "long") return true;
    return (
      (this.#state === "garbage" || this.#state === "broken") && this.#at - this.#start >= this.#stepBytes
    );
  }

  /** Lets go of what has been seen of a bad record. */
  #pass(framed: Framed[]): void {
    this.#startAtFront(framed);
    this.#bad(this.#at, false, framed);
    this.#at = 0;
  }

  #finishBad(end: number, framed: Framed[]): void {
    const beyond = this.#at - end;
    const end0 = end - this.#startAtFront(framed);
    this.#bad(end0, true, framed);
    this.#at = beyond;
    this.#state = "between";
    this.#longBroken = false;
  }

  #bad(end: number, isLast: boolean, framed: Framed[]): void {
    const reason = this.#state === "long" || this.#longBroken ? "line_too_long" : "not_framed";
    this.#buffer.bad(end, isLast, reason, this.#detail, framed);
  }

  #startAtFront(framed: Framed[]): number {
    return this.#cut(this.#start, framed);
  }

  #cut(keepFrom: number, framed: Framed[]): number {
    const moved = this.#buffer.cut(keepFrom, framed);
    this.#at -= moved;
    this.#start = Math.max(0, this.#start - moved);
    return moved;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09;
}

/** The first `{` after a line feed or (with white space between) after `}`; `last` carries the byte before over a cut. */
function nextStart(
  bytes: Uint8Array,
  from: number,
  to: number,
  last: number,
): { start: number; last: number } {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte === OPEN_BRACE && (last === CLOSE_BRACE || last === LF)) return { start: at, last };
    if (byte === LF) last = last === CLOSE_BRACE ? CLOSE_BRACE : LF;
    else if (!isSpace(byte)) last = byte;
    else if (last === LF) last = 0;
  }
  return { start: -1, last };
}
