// Keys as small integers. A key that is written with escapes has an entry of its own that knows the entry of the key it means.
import { isUtf8 } from "node:buffer";
import { SYSTEM_PREFIX } from "../../../shared/contracts/words.ts";
import { isAddressable } from "../../../shared/shape/classify.ts";
import { asBuffer } from "../frame/copy-bytes.ts";
import type { ScanMemory } from "./scan-memory.ts";
import { finishHash } from "./tables.ts";
import {
  FULL,
  KEY_HASH,
  KEY_LENGTH,
  KEY_MASK,
  KEY_MEANT,
  KEY_SLOTS,
  KEY_START,
  KEY_SYSTEM,
  KEY_TEXT,
  KEY_TEXT_BYTES,
  KEY_WRITTEN,
  MAX_KEYS,
  MAX_KEY_SLOTS,
  SEED,
} from "./wasm/assembly/layout.ts";

/** Beyond these the scanner starts anew, so that hostile keys cost no memory. */
const MANY_KEYS = 200_000;
const MANY_BYTES = 8 * 1024 * 1024;
/** Longest addressable key with every byte written as \u00XX. */
const MAX_WRITTEN = 127 * 6;
/** Keys made to collide end here; the slow path's Map has a secret seed of its own. */
const MAX_PROBES = 64;
const FIRST_SLOTS = 1024;
/** What is kept free for the keys of event type paths. */
const RESERVE = 2000;

export class KeyTable {
  /** Address of a key's first byte, and its bytes, without quotes and colon. */
  readonly start: Int32Array;
  readonly length: Int32Array;
  /** The entry of the same key written without escapes. */
  readonly meant: Int32Array;
  /** 1 when the bytes are the key as it is written; 0 when they are a name that cannot be written without escapes. */
  readonly written: Uint8Array;
  /** 1 when the key belongs to the system at the top level. */
  readonly system: Uint8Array;
  /** Entry 0 is no key: it stands for the elements of an array. */
  count = 1;
  readonly #hashes: Int32Array;
  readonly #slots: Int32Array;
  readonly #cells: Int32Array;
  readonly #memory: Uint8Array;
  #used = 0;

  constructor(memory: ScanMemory) {
    this.start = memory.ints(KEY_START, MAX_KEYS);
    this.length = memory.ints(KEY_LENGTH, MAX_KEYS);
    this.meant = memory.ints(KEY_MEANT, MAX_KEYS);
    this.written = memory.octets(KEY_WRITTEN, MAX_KEYS);
    this.system = memory.octets(KEY_SYSTEM, MAX_KEYS);
    this.#hashes = memory.ints(KEY_HASH, MAX_KEYS);
    this.#slots = memory.ints(KEY_SLOTS, MAX_KEY_SLOTS);
    this.#cells = memory.cells;
    this.#memory = memory.bytes;
    // Nobody sees what else comes of V8's seed, which is the system's; `node:crypto` takes a thread 5 ms to load.
    this.#cells[SEED] = Math.floor(Math.random() * 2 ** 31);
  }

  get full(): boolean {
    return this.count >= MANY_KEYS || this.#used >= MANY_BYTES;
  }

  /** Begins every hash. */
  get seed(): number {
    return this.#cells[SEED]!;
  }

  clear(): void {
    this.count = 1;
    this.#used = 0;
    this.#slots.fill(0, 0, this.#cells[KEY_MASK]! + 1);
    this.#cells[KEY_MASK] = FIRST_SLOTS - 1;
  }

  /**
   * The entry of the key written in `source[start, end)`, whose hash was taken on the way; −1 when there is none yet, −2 when too many
   * others are in the way to tell.
   */
  find(source: Uint8Array, start: number, end: number, hash: number, written = 1): number {
    const mask = this.#cells[KEY_MASK]!;
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
    if (end - start > MAX_WRITTEN || this.full) return -1;
    // A copy, because text is not decoded from shared memory.
    const written = source.slice(start, end);
    if (!isUtf8(written)) return -1;
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
    return asBuffer(this.#memory).toString("utf8", start, start + this.length[id]!);
  }

  hash(bytes: Uint8Array): number {
    let hash = this.seed;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    return finishHash(hash);
  }

  /** Address of the key as it is written, with its quotes and a colon; 0 for one that is never written as it is. */
  writtenAt(id: number): number {
    return id !== 0 && this.written[id] === 1 ? this.start[id]! - 1 : 0;
  }

  #enter(key: Uint8Array, hash: number, written: number, system: boolean): number {
    if (this.count >= MAX_KEYS || this.#used + key.length + 3 > KEY_TEXT_BYTES - RESERVE) return -1;
    const mask = this.#cells[KEY_MASK]!;
    let slot = hash & mask;
    for (let probe = 0; this.#slots[slot] !== 0; probe++, slot = (slot + 1) & mask)
      if (probe >= MAX_PROBES) return -1;
    const id = this.count++;
    this.#store(key);
    this.written[id] = written;
    this.start[id] = KEY_TEXT + this.#used + 1;
    this.length[id] = key.length;
    this.meant[id] = id;
    this.system[id] = Number(system);
    this.#hashes[id] = hash;
    this.#slots[slot] = id;
    this.#used += key.length + 3;
    if (this.full) this.#cells[FULL] = 1;
    if (this.count * 4 > mask + 1) this.#growSlots();
    return id;
  }

  #store(key: Uint8Array): void {
    const at = KEY_TEXT + this.#used;
    this.#memory.set(key, at + 1);
    this.#memory[at] = this.#memory[at + key.length + 1] = 0x22;
    this.#memory[at + key.length + 2] = 0x3a;
  }

  #equals(id: number, source: Uint8Array, start: number): boolean {
    const [bytes, from, length] = [this.#memory, this.start[id]!, this.length[id]!];
    for (let i = 0; i < length; i++) if (bytes[from + i] !== source[start + i]) return false;
    return true;
  }

  #growSlots(): void {
    const size = (this.#cells[KEY_MASK]! + 1) * 2;
    const mask = size - 1;
    this.#slots.fill(0, 0, size);
    for (let id = 1; id < this.count; id++) {
      let slot = this.#hashes[id]! & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
    this.#cells[KEY_MASK] = mask;
  }
}

function parsed(text: string): string | undefined {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return undefined;
  }
}
