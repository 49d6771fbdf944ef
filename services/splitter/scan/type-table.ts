// The event types met so far, numbered, with what is needed of each for every line: its fate, its name, and its bytes in the part line.
import { threadId } from "node:worker_threads";
import { EVENT_TYPE_MEMBER } from "../../../shared/contracts/words.ts";
import { asBuffer } from "../frame/copy-bytes.ts";
import type { Fate, ScanOptions } from "./contract.ts";
import type { ScanMemory } from "./scan-memory.ts";
import {
  DROP,
  FULL,
  KEEP,
  MAX_TYPES,
  PREFIX_SHIFT,
  RECENT,
  RECENT_SLOTS,
  SET_ASIDE,
  TYPE_BYTES,
  TYPE_FATE,
  TYPE_LINES,
  TYPE_MEMBER,
  TYPE_MEMBER_LENGTH,
  TYPE_NAME,
  TYPE_NAME_LENGTH,
  TYPE_PREFIX_FROM,
  TYPE_PREFIX_TO,
  TYPE_ROOT,
  TYPE_TEXT,
  TYPE_TEXT_BYTES,
} from "./wasm/assembly/layout.ts";

const FATES: Readonly<Record<Fate, number>> = { keep: KEEP, drop: DROP, quarantine: SET_ASIDE };
/** Event types that are remembered from block to block. */
const MANY_TYPES = 20_000;
/** A name of 200 bytes, and once more as JSON text with its member, each byte as \u00XX. */
const MOST_TEXT = 2000;

/** What stands before the name in a part line. */
const BEFORE_NAME = `,"${EVENT_TYPE_MEMBER}":`;

let numberings = 0;

export class TypeTable {
  /** Changes when numbers start anew; no other table of the process has the same. */
  numbering = "";
  readonly names: string[] = [];
  readonly fates: Fate[] = [];
  /** Address of the root of each type's tree, 0 for none. */
  readonly roots: Int32Array;
  /** For each type, the first nodes of the tape when its lines last moved in, and where they moved. */
  readonly prefixFrom: Int32Array;
  readonly prefixTo: Int32Array;
  /** Address and length of `,"_lr_event_type":"…",`, with the comma that the first member needs. */
  readonly memberStart: Int32Array;
  readonly memberLength: Int32Array;
  /** Lines and bytes of each type among the block's rows. */
  readonly lines: Int32Array;
  readonly bytes: Int32Array;
  readonly #fates: Int32Array;
  readonly #nameStart: Int32Array;
  readonly #nameLength: Int32Array;
  readonly #recent: Int32Array;
  readonly #cells: Int32Array;
  readonly #memory: Uint8Array;
  readonly #ids = new Map<string, number>();
  readonly #fate: ScanOptions["fate"];
  #used = 0;

  constructor(memory: ScanMemory, fate: ScanOptions["fate"]) {
    this.#fate = fate;
    this.roots = memory.ints(TYPE_ROOT, MAX_TYPES);
    this.prefixFrom = memory.ints(TYPE_PREFIX_FROM, MAX_TYPES << PREFIX_SHIFT);
    this.prefixTo = memory.ints(TYPE_PREFIX_TO, MAX_TYPES << PREFIX_SHIFT);
    this.memberStart = memory.ints(TYPE_MEMBER, MAX_TYPES);
    this.memberLength = memory.ints(TYPE_MEMBER_LENGTH, MAX_TYPES);
    this.lines = memory.ints(TYPE_LINES, MAX_TYPES);
    this.bytes = memory.ints(TYPE_BYTES, MAX_TYPES);
    this.#fates = memory.ints(TYPE_FATE, MAX_TYPES);
    this.#nameStart = memory.ints(TYPE_NAME, MAX_TYPES);
    this.#nameLength = memory.ints(TYPE_NAME_LENGTH, MAX_TYPES);
    this.#recent = memory.ints(RECENT, RECENT_SLOTS);
    this.#cells = memory.cells;
    this.#memory = memory.bytes;
    this.clear();
  }

  /** True when nothing more may be scanned before the types are forgotten. */
  get full(): boolean {
    return this.names.length >= MAX_TYPES - 1 || this.#used > TYPE_TEXT_BYTES - MOST_TEXT;
  }

  /** True when there are so many that they are better forgotten between two blocks. */
  get many(): boolean {
    return this.names.length > MANY_TYPES || this.#used > TYPE_TEXT_BYTES / 2;
  }

  /** The number of an event type, if it has one. */
  known(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /** The name of an event type that has a number as JSON text: address and length. */
  nameText(name: string): { readonly start: number; readonly length: number } {
    const id = this.#ids.get(name)!;
    return {
      start: this.memberStart[id]! + BEFORE_NAME.length,
      length: this.memberLength[id]! - BEFORE_NAME.length - 1,
    };
  }

  /** The number of an event type; the first free one when it is new. */
  id(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.names.length;
    const fate = this.#fate(name);
    this.#ids.set(name, id);
    this.names.push(name);
    this.fates.push(fate);
    this.#fates[id] = FATES[fate];
    [this.#nameStart[id], this.#nameLength[id]] = this.#store(name);
    [this.memberStart[id], this.memberLength[id]] = this.#store(`${BEFORE_NAME}${JSON.stringify(name)},`);
    this.lines[id] = this.bytes[id] = 0;
    this.roots[id] = 0;
    this.forgetPrefix(id);
    if (this.full) this.#cells[FULL] = 1;
    return id;
  }

  /** The number of the event type whose UTF-8 is at `[start, end)` of the memory. */
  idOfBytes(start: number, end: number): number {
    return this.id(asBuffer(this.#memory).toString("utf8", start, end));
  }

  /** Forgets how lines of a type moved to its tree. */
  forgetPrefix(id: number): void {
    this.prefixFrom.fill(0, id << PREFIX_SHIFT, (id + 1) << PREFIX_SHIFT);
  }

  /** Forgets all types; numbers start anew. */
  clear(): void {
    this.numbering = newNumbering();
    this.names.length = 0;
    this.fates.length = 0;
    this.#ids.clear();
    this.#recent.fill(0);
    this.#used = 0;
  }

  /** Address and length of the text. */
  #store(text: string): [number, number] {
    const start = TYPE_TEXT + this.#used;
    const bytes = Buffer.from(text);
    this.#memory.set(bytes, start);
    this.#used += bytes.length;
    return [start, bytes.length];
  }
}

/** A name for numbers that mean event types: unlike all others in the process. */
export function newNumbering(): string {
  return `${threadId}:${++numberings}`;
}
