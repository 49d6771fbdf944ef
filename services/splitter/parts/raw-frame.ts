// The lines of one event type that have not been compressed yet, in pages.
import type { TakeBuffer } from "../frame/framed.ts";
import { PAGE_BYTES, type PagePool } from "./page-pool.ts";

export class RawFrame {
  readonly #pool: PagePool;
  #pages: number[] = [];
  #bytes = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Pages that appending so many bytes will take, beyond those held. */
  pagesFor(bytes: number): number {
    return Math.ceil((this.#bytes + bytes) / PAGE_BYTES) - this.#pages.length;
  }

  /** The pages must be free (`PagePool.ensure`). */
  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const inPage = this.#bytes % PAGE_BYTES;
      if (inPage === 0) this.#pages.push(this.#pool.take());
      const some = bytes.subarray(at, at + PAGE_BYTES - inPage);
      this.#pool.write(this.#pages.at(-1)!, inPage, some);
      this.#bytes += some.length;
      at += some.length;
    }
  }

  /** Empties the frame: its bytes, followed by `more`, in one buffer of their own. */
  takeWith(more: Uint8Array, takeBuffer: TakeBuffer): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes + more.length;
    const whole = takeBuffer(bytes).subarray(0, bytes);
    this.#pages.forEach((page, i) => {
      whole.set(this.#pool.read(page, Math.min(PAGE_BYTES, this.#bytes - i * PAGE_BYTES)), i * PAGE_BYTES);
    });
    whole.set(more, this.#bytes);
    this.clear();
    return whole;
  }

  clear(): void {
    this.#pool.give(this.#pages);
    this.#pages = [];
    this.#bytes = 0;
  }
}
