// The keys of objects that have too many to be remembered, for the length of one line: only to find a key that comes twice.

/** Beyond this many in one line the slow path does it. */
const MAX_MEMBERS = 1 << 19;
/** Keys made to collide end here. */
const MAX_PROBES = 64;

/** Columns of an entry. */
const [LINE, OBJECT, HASH, START, LENGTH, COLUMNS] = [0, 1, 2, 3, 4, 5];

export class MemberSet {
  #slots = 256;
  #entries = new Int32Array(256 * COLUMNS);
  #count = 0;
  /** Entries of other lines are as good as empty. */
  #line = 1;

  /** Forgets everything. */
  clear(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    if (++this.#line < 2 ** 31 - 1) return;
    this.#entries.fill(0);
    this.#line = 1;
  }

  /** Adds the key `bytes[start, end)` of an object; false when the object has it already, or when there is no room. */
  add(bytes: Uint8Array, start: number, end: number, hash: number, object: number): boolean {
    if (this.#count * 2 >= this.#slots && !this.#grow()) return false;
    const length = end - start;
    const entries = this.#entries;
    let slot = firstSlot(hash, object, this.#slots);
    for (let probe = 0; probe < MAX_PROBES; probe++, slot = (slot + 1) & (this.#slots - 1)) {
      const at = slot * COLUMNS;
      if (entries[at + LINE] !== this.#line) {
        entries.set([this.#line, object, hash, start, length], at);
        this.#count++;
        return true;
      }
      const same =
        entries[at + OBJECT] === object && entries[at + HASH] === hash && entries[at + LENGTH] === length;
      if (same && equal(bytes, entries[at + START]!, start, length)) return false;
    }
    return false;
  }

  #grow(): boolean {
    if (this.#slots >= MAX_MEMBERS) return false;
    const old = this.#entries;
    this.#slots *= 2;
    this.#entries = new Int32Array(this.#slots * COLUMNS);
    for (let at = 0; at < old.length; at += COLUMNS) {
      if (old[at + LINE] !== this.#line) continue;
      let slot = firstSlot(old[at + HASH]!, old[at + OBJECT]!, this.#slots);
      while (this.#entries[slot * COLUMNS + LINE] === this.#line) slot = (slot + 1) & (this.#slots - 1);
      this.#entries.set(old.subarray(at, at + COLUMNS), slot * COLUMNS);
    }
    return true;
  }
}

function firstSlot(hash: number, object: number, slots: number): number {
  return Math.imul(hash ^ Math.imul(object, 0x9e3779b1), 0x85ebca6b) & (slots - 1);
}

function equal(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}
