// Event types as they stand in lines, told by their bytes: no string is made for a type that was seen before.

interface Entry<T> {
  /** The type as its JSON string has it, without the quotes. */
  readonly raw: Uint8Array;
  readonly eventType: string;
  readonly next: Entry<T> | undefined;
  /** Whose `value` that is. */
  owner: ReadonlyMap<string, T> | undefined;
  value: T | undefined;
}

/** Slots, a power of 2. */
const SLOTS = 4096;
/** Above, everything is forgotten: parts of strange writers may spell each type in many ways. */
const MAX_ENTRIES = 16_384;
const BACKSLASH = 0x5c;

export class TypeTexts<T> {
  #slots: (Entry<T> | undefined)[] = [];
  #size = 0;

  /** What `values` has for the event type whose JSON text is `bytes` from `from` to `to`, `hash` being theirs. Throws on what is no JSON. */
  find(bytes: Buffer, from: number, to: number, hash: number, values: ReadonlyMap<string, T>): T | undefined {
    const slot = hash & (SLOTS - 1);
    let entry = this.#slots[slot];
    while (entry && !isSame(entry.raw, bytes, from, to)) entry = entry.next;
    entry ??= this.#add(slot, bytes.subarray(from, to));
    if (entry.owner !== values) {
      entry.owner = values;
      entry.value = values.get(entry.eventType);
    }
    return entry.value;
  }

  #add(slot: number, raw: Buffer): Entry<T> {
    if (this.#size >= MAX_ENTRIES) {
      this.#slots = [];
      this.#size = 0;
    }
    const text = raw.toString("utf8");
    const eventType = raw.includes(BACKSLASH) ? String(JSON.parse(`"${text}"`)) : text;
    const entry = {
      raw: Uint8Array.from(raw),
      eventType,
      next: this.#slots[slot],
      owner: undefined,
      value: undefined,
    };
    this.#slots[slot] = entry;
    this.#size++;
    return entry;
  }
}

/** The next hash after one more byte; the first is 0. */
export function hashByte(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

function isSame(raw: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (raw.length !== to - from) return false;
  for (let at = 0; at < raw.length; at++) if (raw[at] !== bytes[from + at]) return false;
  return true;
}
