// Keys as small integers. A key that is written with escapes has an entry of its own that knows the entry of the key it means.
import { isUtf8 } from "node:buffer";
import { randomInt } from "node:crypto";
import { SYSTEM_PREFIX } from "../../../shared/contracts/words.ts";
import { isAddressable } from "../../../shared/shape/classify.ts";
import { asBuffer } from "./bytes.ts";
import { HOT } from "./hot.ts";
import { finishHash, larger } from "./tables.ts";

/** Beyond these the scanner starts anew, so that hostile keys cost no memory. */
const MAX_KEYS = 200_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** Longest addressable key with every byte written as \u00XX. */
const MAX_WRITTEN = 127 * 6;
/** Keys made to collide end here; the slow path's Map has a secret seed of its own. */
const MAX_PROBES = 64;

export class KeyTable {
  /** All keys as they are written, `"key":`, in little-endian words, each beginning with a new one. */
  words = new Int32Array(1024);
  /** The same bytes. */
  bytes = new Uint8Array(4096);
  /** Where a key's bytes begin, and how many there are, without quotes and colon. */
  start = new Int32Array(256);
  length = new Int32Array(256);
  /** The entry of the same key written without escapes. */
  meant = new Int32Array(256);
  /** 1 when the bytes are the key as it is written; 0 when they are a name that cannot be written without escapes. */
  written = new Uint8Array(256);
  /** 1 when the key belongs to the system at the top level. */
  system = new Uint8Array(256);
  /** Entry 0 is no key: it stands for the elements of an array. */
  count = 1;
  /** Begins every hash. */
  readonly seed = randomInt(2 ** 31);
  #used = 0;
  #hashes = new Int32Array(256);
  #slots = new Int32Array(1024);

  get full(): boolean {
    return this.count >= MAX_KEYS || this.#used >= MAX_BYTES;
  }

  clear(): void {
    this.count = 1;
    this.#used = 0;
    this.#slots.fill(0);
  }

  /**
   * The entry of the key written in `source[start, end)`, whose hash was taken on the way; −1 when there is none yet, −2 when too many
   * others are in the way to tell.
   */
  find(source: Uint8Array, start: number, end: number, hash: number, written = 1): number {
    const mask = this.#slots.length - 1;
    for (let probe = 0, slot = hash & mask; probe < MAX_PROBES; probe++, slot = (slot + 1) & mask) {
      const id = this.#slots[slot]!;
      if (id === 0) return -1;
      const maybe =
        this.#hashes[id] === hash && this.length[id] === end - start && this.written[id] === written;
      if (maybe && this.#equals(id, source, start)) return id;
    }
    return -2;
  }

  /** Enters a key, valid or not; −1 when it is invalid or cannot be an address, or when there is no room. */
  add(source: Uint8Array, start: number, end: number, hash: number, hasEscapes: boolean): number {
    const written = source.subarray(start, end);
    if (written.length > MAX_WRITTEN || this.full || !isUtf8(written)) return -1;
    const text = asBuffer(written).toString();
    const name = hasEscapes ? parsed(text) : text;
    if (name === undefined || !isAddressable(name)) return -1;
    const system = name.startsWith(SYSTEM_PREFIX);
    const meant = hasEscapes ? this.id(name) : 0;
    if (meant < 0) return -1;
    const id = this.#enter(written, hash, 1, system);
    if (id > 0 && hasEscapes) this.meant[id] = meant;
    return id;
  }

  /** The entry of an addressable key, made when there is none; −1 when there is no room. */
  id(name: string): number {
    // The bytes of a name with, say, a backslash are how another name is written: never take the one for the other.
    const written = Number(JSON.stringify(name).length === name.length + 2);
    const bytes = Buffer.from(name);
    const hash = this.hash(bytes);
    const known = this.find(bytes, 0, bytes.length, hash, written);
    return known !== -1 ? known : this.#enter(bytes, hash, written, name.startsWith(SYSTEM_PREFIX));
  }

  name(id: number): string {
    const start = this.start[id]!;
    return asBuffer(this.bytes).toString("utf8", start, start + this.length[id]!);
  }

  hash(bytes: Uint8Array): number {
    let hash = this.seed;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    return finishHash(hash);
  }

  #enter(key: Uint8Array, hash: number, written: number, system: boolean): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let probe = 0; this.#slots[slot] !== 0; probe++, slot = (slot + 1) & mask)
      if (probe >= MAX_PROBES) return -1;
    if (this.count === this.start.length) this.#growEntries();
    const id = this.count++;
    this.#store(key);
    this.written[id] = written;
    this.start[id] = this.#used + 1;
    this.length[id] = key.length;
    this.meant[id] = id;
    this.system[id] = Number(system);
    this.#hashes[id] = hash;
    this.#slots[slot] = id;
    this.#used += (key.length + 6) & ~3;
    if (this.count * 4 > this.#slots.length) this.#growSlots();
    return id;
  }

  #store(key: Uint8Array): void {
    while (this.#used + key.length + 8 > this.bytes.length) {
      this.bytes = larger(this.bytes);
      this.words = larger(this.words);
    }
    this.bytes.set(key, this.#used + 1);
    this.bytes[this.#used] = this.bytes[this.#used + key.length + 1] = 0x22;
    this.bytes[this.#used + key.length + 2] = 0x3a;
    for (let at = this.#used; at < this.#used + key.length + 3; at += 4) {
      const [a, b, c, d] = this.bytes.subarray(at, at + 4);
      this.words[at >> 2] = a! | (b! << 8) | (c! << 16) | (d! << 24);
    }
  }

  /**
   * Writes where the words of a key are into a node's columns of `hot` at `at`, none for a key that is never written as it is. Returns the
   * bytes that the key takes with quotes and colon.
   */
  describe(id: number, hot: Int32Array, at: number): number {
    const size = this.length[id]! + 3;
    const first = this.start[id]! >> 2;
    const inLast = ((size - 1) & 3) + 1;
    hot[at + HOT.WORD] = first;
    hot[at + HOT.LAST] = this.written[id] === 1 ? first + ((size - 1) >> 2) : -1;
    hot[at + HOT.MASK] = inLast === 4 ? -1 : (1 << (8 * inLast)) - 1;
    return size;
  }

  #equals(id: number, source: Uint8Array, start: number): boolean {
    const [bytes, from, length] = [this.bytes, this.start[id]!, this.length[id]!];
    for (let i = 0; i < length; i++) if (bytes[from + i] !== source[start + i]) return false;
    return true;
  }

  #growEntries(): void {
    this.start = larger(this.start);
    this.length = larger(this.length);
    this.meant = larger(this.meant);
    this.written = larger(this.written);
    this.system = larger(this.system);
    this.#hashes = larger(this.#hashes);
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    for (let id = 1; id < this.count; id++) {
      let slot = this.#hashes[id]! & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = id;
    }
    this.#slots = slots;
  }
}

function parsed(text: string): string | undefined {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return undefined;
  }
}
