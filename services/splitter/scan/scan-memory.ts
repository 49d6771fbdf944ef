// The memory that a scanner works in, with the module that works on it, and views for JavaScript. Tables never move and have room for the most
// they may hold (wasm/assembly/layout.ts): what was never written to takes no memory.
import { readFileSync } from "node:fs";
import { shapeWords } from "./shape-words.ts";
import { CELLS, CELL_COUNT, END, PAGES, SHAPE_WORDS } from "./wasm/assembly/layout.ts";

/** What the module asks for; see wasm/assembly/host.ts. */
export interface Host {
  member(start: number, node: number, link: number, object: number, members: number, depth: number): number;
  elementsOf(node: number): number;
  escapedCandidate(node: number, start: number, end: number, depth: number): number;
  typeOf(start: number, end: number): number;
  moveIn(type: number, depth: number): number;
  settle(): number;
  root(type: number): number;
  number(start: number): number;
  stringKind(start: number, end: number, length: number): number;
  first(node: number): void;
  forgetMembers(): void;
  renumber(): void;
  keyText(node: number, to: number): number;
}

/** What the module offers; see wasm/assembly/index.ts. */
export interface ScanModule {
  run(end: number): number;
  runRecord(start: number, end: number, index: number): number;
  beginRows(): void;
  row(type: number, index: number, start: number, end: number): void;
  lineLength(type: number, index: number, body: number): number;
  /** 0 or 1. */
  settle(): number;
  count(): void;
  layOut(): void;
  forget(nodes: number): void;
  shapeText(node: number, to: number): number;
  typeText(root: number, name: number, nameLength: number, lines: number, to: number): number;
}

/** Memories that wait to be used again: to make one costs a tenth of a millisecond, a file of 20 kB takes not much more. */
const MAX_SPARE = 4;
const spare: ScanMemory[] = [];
let compiled: WebAssembly.Module | undefined;

export class ScanMemory {
  readonly module: ScanModule;
  readonly cells: Int32Array;
  /** All of it. */
  readonly bytes: Uint8Array;
  readonly #buffer: ArrayBufferLike;
  #host: Host | undefined;

  private constructor() {
    // Shared memory is not counted by V8, which would collect garbage for every memory made; nobody shares it.
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    this.#buffer = memory.buffer;
    this.cells = this.ints(CELLS, CELL_COUNT);
    this.bytes = new Uint8Array(this.#buffer, 0, END);
    this.bytes.set(shapeWords(), SHAPE_WORDS);
    compiled ??= new WebAssembly.Module(readFileSync(new URL("./wasm/scanner.wasm", import.meta.url)));
    const host = this.#hostFunctions();
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory }, host });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the module is ours: a test holds that it is what its source compiles to
    this.module = exports as unknown as ScanModule;
  }

  /** A memory that nobody uses. Whatever is in it, whoever takes it begins with empty tables. */
  static take(): ScanMemory {
    return spare.pop() ?? new ScanMemory();
  }

  /** Gives a memory back; no view of it may be used any more. */
  static give(memory: ScanMemory): void {
    memory.#host = undefined;
    if (spare.length < MAX_SPARE) spare.push(memory);
  }

  /** To be called before the module is. */
  serve(host: Host): void {
    this.#host = host;
  }

  ints(at: number, length: number): Int32Array {
    return new Int32Array(this.#buffer, at, length);
  }

  octets(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, at, length);
  }

  longs(at: number, length: number): BigInt64Array {
    return new BigInt64Array(this.#buffer, at, length);
  }

  #hostFunctions() {
    const host = () => this.#host!;
    return {
      member: (start: number, node: number, link: number, object: number, members: number, depth: number) =>
        host().member(start, node, link, object, members, depth),
      elementsOf: (node: number) => host().elementsOf(node),
      escapedCandidate: (node: number, start: number, end: number, depth: number) =>
        host().escapedCandidate(node, start, end, depth),
      typeOf: (start: number, end: number) => host().typeOf(start, end),
      moveIn: (type: number, depth: number) => host().moveIn(type, depth),
      settle: () => host().settle(),
      root: (type: number) => host().root(type),
      number: (start: number) => host().number(start),
      stringKind: (start: number, end: number, length: number) => host().stringKind(start, end, length),
      first: (node: number) => host().first(node),
      forgetMembers: () => host().forgetMembers(),
      renumber: () => host().renumber(),
      keyText: (node: number, to: number) => host().keyText(node, to),
    };
  }
}
