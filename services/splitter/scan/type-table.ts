// The event types met so far, numbered, with what is needed of each for every line: its fate and its bytes in the part line.
import { EVENT_TYPE_MEMBER } from "../../../shared/contracts/words.ts";
import { asBuffer } from "./bytes.ts";
import type { Fate, ScanOptions } from "./contract.ts";
import { finishHash } from "./tables.ts";

const RECENT = 16_384;
const RECENT_MASK = RECENT - 1;

export class TypeTable {
  readonly names: string[] = [];
  readonly fates: Fate[] = [];
  /** `,"_lr_event_type":"…",` of each type, with the comma that the first member needs. */
  readonly members: Uint8Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #ids = new Map<string, number>();
  readonly #fate: ScanOptions["fate"];
  /** Type number + 1 of the type last met with these bits of the hash: a cache, the map decides. */
  readonly #recent = new Int32Array(RECENT);

  constructor(fate: ScanOptions["fate"]) {
    this.#fate = fate;
  }

  /** The number of an event type, if it has one. */
  known(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /** The number of an event type; the first free one when it is new. */
  id(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.names.length;
    this.#ids.set(name, id);
    this.names.push(name);
    this.fates.push(this.#fate(name));
    this.#bytes.push(Buffer.from(name));
    this.members.push(Buffer.from(`,"${EVENT_TYPE_MEMBER}":${JSON.stringify(name)},`));
    return id;
  }

  /** The number of the event type whose UTF-8 is `source[start, end)`. */
  idOfBytes(source: Uint8Array, start: number, end: number): number {
    // Length, and the bytes where names differ most: their ends and the middle.
    const size = end - start;
    const first = (source[start]! << 8) | source[start + (size >> 2)]!;
    const middle = (source[start + (size >> 1)]! << 8) | source[start + size - (size >> 2) - 1]!;
    const last = (source[end - 1]! << 8) | source[start + (size > 1 ? size - 2 : 0)]!;
    const hash = Math.imul(Math.imul((first << 16) | middle, 0x9e3779b1) ^ ((last << 8) | size), 0x85ebca6b);
    const slot = finishHash(hash) & RECENT_MASK;
    const recent = this.#recent[slot]! - 1;
    if (recent >= 0 && equal(this.#bytes[recent]!, source, start, end)) return recent;
    const id = this.id(asBuffer(source).toString("utf8", start, end));
    this.#recent[slot] = id + 1;
    return id;
  }

  /** Forgets all types; numbers start anew. */
  clear(): void {
    this.names.length = 0;
    this.fates.length = 0;
    this.members.length = 0;
    this.#bytes.length = 0;
    this.#ids.clear();
    this.#recent.fill(0);
  }
}

function equal(bytes: Uint8Array, source: Uint8Array, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== source[start + i]) return false;
  return true;
}
