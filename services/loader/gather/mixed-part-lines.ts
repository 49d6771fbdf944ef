// The lines of one mixed part, handed out by event type as runs of bytes. Only what every line begins with is looked at (DESIGN.md 3), in
// place.
import {
  EVENT_TYPE_MEMBER,
  LINE_MEMBER,
  MAX_LINE_BYTES,
  SOURCE_MEMBER,
} from "../../../shared/contracts/words.ts";
import { hashByte, type TypeTexts } from "./type-texts.ts";

/** Where the lines of a unit go. */
export interface LineTaker {
  /** `lines` whole lines with their newlines. The bytes are overwritten later. */
  take(bytes: Buffer, from: number, to: number, lines: number): void;
}

/** Why a part is not what its receipt says. */
export class NotAsPromised extends Error {}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;
const TYPE_MEMBER = Buffer.from(`,"${EVENT_TYPE_MEMBER}":"`);
/** Room for a line and the splitter's members around it. */
const MAX_BYTES = 2 * MAX_LINE_BYTES;

export class MixedPartLines {
  /** Lines so far. */
  lines = 0;
  readonly #head: Buffer;
  readonly #types: TypeTexts<LineTaker>;
  readonly #takers: ReadonlyMap<string, LineTaker>;
  /** A line that has not ended yet. */
  #open: Buffer[] = [];
  #openBytes = 0;

  /** Lines of event types that have no taker are passed over. `types` may be shared by many parts. */
  constructor(sourceId: string, takers: ReadonlyMap<string, LineTaker>, types: TypeTexts<LineTaker>) {
    this.#head = Buffer.from(`{"${SOURCE_MEMBER}":"${sourceId}","${LINE_MEMBER}":`);
    this.#takers = takers;
    this.#types = types;
  }

  /** The next bytes, which must stay as they are until the line that they end in has ended. Throws NotAsPromised. */
  take(chunk: Buffer): void {
    let at = 0;
    if (this.#openBytes > 0) {
      at = chunk.indexOf(NEWLINE) + 1;
      if (at === 0) return this.#hold(chunk);
      this.#hold(chunk.subarray(0, at));
      this.#closeLine();
    }
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > at) this.#scan(chunk, at, end);
    if (end < chunk.length) this.#hold(chunk.subarray(Math.max(at, end)));
  }

  end(): void {
    if (this.#openBytes === 0) return;
    this.#hold(Buffer.from("\n"));
    this.#closeLine();
  }

  #hold(bytes: Buffer): void {
    this.#open.push(bytes);
    this.#openBytes += bytes.length;
    if (this.#openBytes > MAX_BYTES) throw new NotAsPromised(`line ${this.lines + 1} of it does not end`);
  }

  #closeLine(): void {
    const line = Buffer.concat(this.#open);
    this.#open = [];
    this.#openBytes = 0;
    this.#scan(line, 0, line.length);
  }

  /** Whole lines. */
  #scan(bytes: Buffer, from: number, to: number): void {
    let taker: LineTaker | undefined;
    let start = from;
    let lines = 0;
    for (let at = from; at < to;) {
      const end = bytes.indexOf(NEWLINE, at);
      const next = this.#takerOf(bytes, at, end);
      if (next !== taker) {
        taker?.take(bytes, start, at, lines);
        [taker, start, lines] = [next, at, 0];
      }
      lines++;
      this.lines++;
      at = end + 1;
    }
    taker?.take(bytes, start, to, lines);
  }

  #takerOf(bytes: Buffer, start: number, end: number): LineTaker | undefined {
    let at = start + this.#head.length;
    if (!isAt(this.#head, bytes, start)) throw this.#strange();
    if (!isDigit(bytes[at]!) || bytes[at] === ZERO) throw this.#strange();
    while (isDigit(bytes[at]!)) at++;
    if (!isAt(TYPE_MEMBER, bytes, at)) throw this.#strange();
    at += TYPE_MEMBER.length;
    const from = at;
    let hash = 0;
    for (; at < end && bytes[at] !== QUOTE; at++) {
      hash = hashByte(hash, bytes[at]!);
      if (bytes[at] === BACKSLASH) hash = hashByte(hash, bytes[++at]!);
    }
    if (at >= end) throw this.#strange();
    try {
      return this.#types.find(bytes, from, at, hash, this.#takers);
    } catch {
      throw this.#strange();
    }
  }

  #strange(): NotAsPromised {
    return new NotAsPromised(`line ${this.lines + 1} of it has no source, number or event type`);
  }
}

function isAt(expected: Buffer, bytes: Buffer, at: number): boolean {
  for (let index = 0; index < expected.length; index++)
    if (expected[index] !== bytes[at + index]) return false;
  return true;
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;
