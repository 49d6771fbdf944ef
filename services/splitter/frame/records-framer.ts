// Format records: one wrapper object with an array of records (as CloudTrail delivers them); several wrappers may follow one another. Each
// element of the array is a record, whatever it is; the wrapper's other members are read past. What is broken: README.md.
import { garbage, MAX_RECORD_BYTES, STEP_BYTES, type Framed, type Framer } from "./framed.ts";
import type { LineFramerOptions } from "./line-framer.ts";
import { SpanBuffer } from "./span-buffer.ts";
import { ValueScan } from "./value-scan.ts";
import { WrapperText } from "./wrapper-text.ts";

const COMMA = 0x2c;
const CLOSE_BRACKET = 0x5d;

/** outside: before, between and after wrappers. wrapper: in its text. first, next, comma: in the array, and what may come. element: in a record. long: in one too long to hold. broken: the rest. */
type State = "outside" | "wrapper" | "first" | "next" | "comma" | "element" | "long" | "broken";

export class RecordsFramer implements Framer {
  readonly #buffer: SpanBuffer;
  readonly #member: string;
  readonly #maxRecordBytes: number;
  readonly #stepBytes: number;
  #state: State = "outside";
  #wrapper: WrapperText | undefined;
  #wrapperOffset = 0;
  #value = new ValueScan();
  #at = 0;
  #start = 0;
  #detail = "";

  constructor(member: string, startOffset = 0, options: LineFramerOptions = {}) {
    this.#member = member;
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
      while (this.#at < this.#buffer.length) this.#advance(framed);
      if (this.#state === "long" || this.#state === "broken") this.#pass(false, framed);
      else if (this.#buffer.isBlockFull) this.#cut(framed);
    }
    return framed;
  }

  end(): Framed[] {
    const framed: Framed[] = [];
    if (this.#state === "element") {
      this.#breakHere(this.#start, "the source ends inside a record");
      this.#at = this.#buffer.length;
    }
    if (this.#state === "broken" || this.#state === "long") this.#pass(true, framed);
    else if (this.#state !== "outside") this.#wrapperBad("the source ends inside the wrapper", framed);
    this.#cut(framed);
    return framed;
  }

  endTorn(): Framed[] {
    const framed: Framed[] = [];
    if (this.#state === "broken" || this.#state === "long") this.#pass(true, framed);
    this.#cut(framed);
    return framed;
  }

  #advance(framed: Framed[]): void {
    if (this.#state === "wrapper") return this.#inWrapper(framed);
    if (this.#state === "element" || this.#state === "long") return this.#inElement(framed);
    if (this.#state === "broken") {
      this.#at = this.#buffer.length;
      return;
    }
    const byte = this.#buffer.bytes[this.#at]!;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) this.#at++;
    else if (this.#state === "outside") this.#beginWrapper(byte);
    else this.#inArray(byte);
  }

  #beginWrapper(byte: number): void {
    if (byte !== 0x7b) return this.#breakHere(this.#at, "a wrapper object was expected here");
    this.#wrapper = new WrapperText(this.#member, this.#maxRecordBytes);
    this.#wrapperOffset = this.#buffer.offsetOf(this.#at);
    this.#state = "wrapper";
  }

  #inWrapper(framed: Framed[]): void {
    const wrapper = this.#wrapper!;
    const { bytes, length } = this.#buffer;
    const { used, event } = wrapper.take(bytes.subarray(this.#at, length));
    this.#at += used;
    if (event === "array") this.#state = "first";
    else if (event === "too-long") {
      this.#wrapperBad(`the wrapper has over ${this.#maxRecordBytes} bytes beside its records`, framed);
      this.#breakHere(this.#at, "the rest of a wrapper that is too long");
    } else if (event === "end") {
      const problem = wrapper.problem();
      if (problem !== undefined) this.#wrapperBad(problem, framed);
      this.#state = "outside";
    }
  }

  #inArray(byte: number): void {
    if (byte === CLOSE_BRACKET && this.#state !== "next") {
      this.#at++;
      this.#state = "wrapper";
      this.#wrapper!.arrayEnded();
    } else if (this.#state === "comma") {
      if (byte !== COMMA) return this.#breakHere(this.#at, "a comma was expected between two records");
      this.#at++;
      this.#state = "next";
    } else if (byte === COMMA || byte === CLOSE_BRACKET) {
      this.#breakHere(this.#at, "a record was expected here");
    } else {
      this.#state = "element";
      this.#start = this.#at;
      this.#value = new ValueScan();
    }
  }

  #inElement(framed: Framed[]): void {
    const { bytes, length } = this.#buffer;
    const limit = this.#state === "long" ? length : Math.min(length, this.#start + this.#maxRecordBytes + 1);
    const { at, ended } = this.#value.scan(bytes, this.#at, limit);
    this.#at = at;
    if (this.#state === "element" && at - this.#start > this.#maxRecordBytes) {
      this.#detail = `a record over ${this.#maxRecordBytes} bytes`;
      this.#state = "long";
    }
    if (!ended) return;
    if (this.#state === "element") this.#buffer.addRecord(this.#start, at);
    else this.#pass(true, framed);
    this.#state = "comma";
  }

  /** From `start` on nothing can be framed any more. */
  #breakHere(start: number, detail: string): void {
    this.#state = "broken";
    this.#start = start;
    this.#detail = detail;
  }

  /** The wrapper's own text goes to quarantine; the records framed before it keep their places. */
  #wrapperBad(detail: string, framed: Framed[]): void {
    this.#start = this.#at;
    this.#cutAt(this.#at, framed);
    this.#buffer.badCopy(this.#wrapper!.text(), this.#wrapperOffset, "not_framed", detail, framed);
  }

  /** Lets go of the bytes of a bad record, from its start to `#at`. */
  #pass(isLast: boolean, framed: Framed[]): void {
    this.#cutAt(this.#start, framed);
    const reason = this.#state === "long" ? "line_too_long" : "not_framed";
    this.#buffer.bad(this.#at, isLast, reason, this.#detail, framed);
    this.#at = 0;
  }

  #cut(framed: Framed[]): void {
    this.#cutAt(this.#state === "element" ? this.#start : this.#at, framed);
  }

  #cutAt(keepFrom: number, framed: Framed[]): void {
    const moved = this.#buffer.cut(keepFrom, framed);
    this.#at -= moved;
    this.#start = Math.max(0, this.#start - moved);
  }
}
