// The records of nodes in the scanner's memory, by number; the module knows them by address.
import type { ScanMemory } from "./scan-memory.ts";
import {
  MAX_NODES,
  NODE_BYTES_FLAGS,
  NODE_GREATEST,
  NODE_KEY_TEXT,
  NODE_LEAST,
  NODE_LONGEST,
  NODE_SHIFT,
  NODES,
} from "./wasm/assembly/layout.ts";

const NO_LEAST = 2n ** 63n - 1n;
const NO_GREATEST = -(2n ** 63n);
const IN_RECORD = (1 << NODE_SHIFT) - 1;

export class NodeRecords {
  readonly #ints: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #longs: BigInt64Array;

  constructor(memory: ScanMemory) {
    this.#ints = memory.ints(NODES, MAX_NODES << (NODE_SHIFT - 2));
    this.#bytes = memory.octets(NODES, MAX_NODES << NODE_SHIFT);
    this.#longs = memory.longs(NODES, MAX_NODES << (NODE_SHIFT - 3));
  }

  /** An integer of a node; `column` is its place in the record (NODE_… of layout.ts). */
  get(node: number, column: number): number {
    return this.#ints[(node << (NODE_SHIFT - 2)) + (column >> 2)]!;
  }

  set(node: number, column: number, value: number): void {
    this.#ints[(node << (NODE_SHIFT - 2)) + (column >> 2)] = value;
  }

  /** A byte of a node. */
  flag(node: number, column: number): boolean {
    return this.#bytes[(node << NODE_SHIFT) + column] === 1;
  }

  raise(node: number, column: number): void {
    this.#bytes[(node << NODE_SHIFT) + column] = 1;
  }

  /** An integer of 8 bytes. */
  long(node: number, column: number): bigint {
    return this.#longs[(node << (NODE_SHIFT - 3)) + (column >> 3)]!;
  }

  /** Sets a record up: nothing was counted, no guess is known. */
  begin(node: number, keyText: number, bytesAndFlags: number): void {
    const at = node << (NODE_SHIFT - 2);
    this.#ints.fill(0, at, at + (1 << (NODE_SHIFT - 2)));
    // The guess that there is none is the record of NO_NODE.
    this.#ints[at] = this.#ints[at + 1] = NODES;
    this.set(node, NODE_KEY_TEXT, keyText);
    this.set(node, NODE_BYTES_FLAGS, bytesAndFlags);
    this.set(node, NODE_LONGEST, -1);
    this.#longs[(node << (NODE_SHIFT - 3)) + (NODE_LEAST >> 3)] = NO_LEAST;
    this.#longs[(node << (NODE_SHIFT - 3)) + (NODE_GREATEST >> 3)] = NO_GREATEST;
  }

  /** Sets the place of a guess, which is given by its address. */
  setAt(address: number, value: number): void {
    this.#ints[(address - NODES) >> 2] = value;
  }
}

/** Address of a node's record. */
export function addressOf(node: number): number {
  return NODES + (node << NODE_SHIFT);
}

/** The node in whose record an address lies. */
export function nodeAt(address: number): number {
  return (address - NODES) >> NODE_SHIFT;
}

/** What an address within a record is beyond the record's. */
export function placeInRecord(address: number): number {
  return address & IN_RECORD;
}
