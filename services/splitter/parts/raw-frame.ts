// The lines of one event type that have not been compressed yet: in pages, or, when there are many, in the buffer that will be compressed.
import { copyBytes } from "../frame/copy-bytes.ts";
import type { TakeBuffer } from "../frame/framed.ts";
import { PAGE_BYTES, type PagePool } from "./page-pool.ts";

export class RawFrame {
  readonly #pool: PagePool;
  #pages: number[] = [];
  #whole: Uint8Array<ArrayBuffer> | undefined;
  #reservedPages = 0;
  #bytes = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Pages that appending so many bytes will take, beyond those held. */
  pagesFor(bytes: number): number {
    if (this.#whole) return 0;
    return Math.ceil((this.#bytes + bytes) / PAGE_BYTES) - this.#pages.length;
  }

  /** Lets an empty frame of up to `bytes` grow in one buffer, if there is memory for that: what is appended is copied once and not twice. */
  openWhole(bytes: number, takeBuffer: TakeBuffer): void {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    if (this.#whole || !this.#pool.reserve(pages)) return;
    this.#reservedPages = pages;
    this.#whole = takeBuffer(bytes);
  }

  /** Appends the bytes between `from` and `to`. The pages must be free (`PagePool.ensure`). */
  append(source: Buffer, from = 0, to = source.length): void {
    if (this.#whole) {
      // A copy would be cut off without a word.
      if (this.#bytes + to - from > this.#whole.length) throw new Error("a frame is larger than its buffer");
      source.copy(this.#whole, this.#bytes, from, to);
      this.#bytes += to - from;
      return;
    }
    for (let more = this.pagesFor(to - from); more > 0; more--) this.#pages.push(this.#pool.take());
    for (let at = from; at < to;) {
      const index = Math.floor(this.#bytes / PAGE_BYTES);
      const inPage = this.#bytes % PAGE_BYTES;
      const room = this.#pool.sideBySide(this.#pages, index) * PAGE_BYTES - inPage;
      const end = Math.min(to, at + room);
      this.#pool.write(this.#pages[index]!, inPage, source, at, end);
      this.#bytes += end - at;
      at = end;
    }
  }

  /** Appends all that another frame has, to be cleared then. False where this one is not in one buffer, or has no room. */
  appendFrame(from: RawFrame): boolean {
    const bytes = this.#bytes + from.#bytes;
    if (!this.#whole || from.#whole || bytes > this.#whole.length) return false;
    from.#copyPages(this.#whole, this.#bytes);
    this.#bytes = bytes;
    return true;
  }

  /** Empties the frame: its bytes, followed by `more`, in one buffer of their own. */
  takeWith(more: Uint8Array, takeBuffer: TakeBuffer): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes + more.length;
    const whole = this.#whole && bytes <= this.#whole.length ? this.#whole : this.#copied(bytes, takeBuffer);
    copyBytes(more, whole, this.#bytes);
    this.clear();
    return whole.subarray(0, bytes);
  }

  clear(): void {
    this.#pool.give(this.#pages);
    this.#pool.unreserve(this.#reservedPages);
    this.#pages = [];
    this.#whole = undefined;
    this.#reservedPages = 0;
    this.#bytes = 0;
  }

  #copied(bytes: number, takeBuffer: TakeBuffer): Uint8Array<ArrayBuffer> {
    const copy = takeBuffer(bytes);
    if (this.#whole) copyBytes(this.#whole.subarray(0, this.#bytes), copy, 0);
    this.#copyPages(copy, 0);
    return copy;
  }

  #copyPages(to: Uint8Array, at: number): void {
    for (let index = 0; index < this.#pages.length;) {
      const run = this.#pool.sideBySide(this.#pages, index);
      const start = index * PAGE_BYTES;
      this.#pool.copy(this.#pages[index]!, Math.min(run * PAGE_BYTES, this.#bytes - start), to, at + start);
      index += run;
    }
  }
}
