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
    if (!this.#pool.reserve(pages)) return;
    this.#reservedPages = pages;
    this.#whole = takeBuffer(bytes);
  }

  /** Appends the bytes between `from` and `to`. The pages must be free (`PagePool.ensure`). */
  append(source: Buffer, from = 0, to = source.length): void {
    if (this.#whole) {
      source.copy(this.#whole, this.#bytes, from, to);
      this.#bytes += to - from;
      return;
    }
    for (let at = from; at < to;) {
      const inPage = this.#bytes % PAGE_BYTES;
      if (inPage === 0) this.#pages.push(this.#pool.take());
      const end = Math.min(to, at + PAGE_BYTES - inPage);
      this.#pool.write(this.#pages.at(-1)!, inPage, source, at, end);
      this.#bytes += end - at;
      at = end;
    }
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
    this.#pages.forEach((page, i) => {
      this.#pool.copy(page, Math.min(PAGE_BYTES, this.#bytes - i * PAGE_BYTES), copy, i * PAGE_BYTES);
    });
    return copy;
  }
}
