// Raw lines wait for compression in pages of one budget that all event types of all sources share. Nothing is allocated beyond it, and
// nothing is left to the garbage collector: thousands of small types cost what they hold, rounded up to a page.

export const PAGE_BYTES = 1 * 1024;
const SLAB_BYTES = 1024 * 1024;
const PAGES_A_SLAB = SLAB_BYTES / PAGE_BYTES;
const MIN_PAGES = 16;
/** When pages run out, the largest holders give back this share of all at once, so that choosing them is rare. */
const RECLAIM_SHARE = 1 / 16;

/** Far beyond the event types of all sources in work; with the bytes of a frame, still exact in a double. */
const MOST_HOLDERS = 2 ** 22;

/** This share of all stays with those who take page by page. */
const FREE_SHARE = 1 / 4;

/** Something that holds pages and can give all of them back at once, synchronously. */
export interface PageHolder {
  /** Bytes held: the fullest go first, because a frame of a few lines compresses badly and costs as much work as a full one. */
  readonly bytes: number;
  giveBack(): void;
}

export class PagePool {
  readonly #slabs: Buffer<ArrayBuffer>[] = [];
  readonly #free: number[] = [];
  readonly #holders = new Set<PageHolder>();
  readonly #total: number;
  #handedOut = 0;
  #reserved = 0;

  /** Rounded up to sixteen pages. */
  constructor(budgetBytes: number) {
    this.#total = Math.max(MIN_PAGES, Math.floor(budgetBytes / PAGE_BYTES));
  }

  /** Bytes of the whole budget. */
  get budgetBytes(): number {
    return this.#total * PAGE_BYTES;
  }

  get freePages(): number {
    return this.#free.length + this.#total - this.#handedOut - this.#reserved;
  }

  /** Counts memory that is held elsewhere as so many pages, if many are free. False: they are not. */
  reserve(pages: number): boolean {
    if (this.freePages - pages < this.#total * FREE_SHARE) return false;
    this.#reserved += pages;
    return true;
  }

  unreserve(pages: number): void {
    this.#reserved -= pages;
  }

  /** Makes sure that `pages` are free, at the cost of those who hold most. `pages` must be within the budget. */
  ensure(pages: number): void {
    if (this.freePages >= pages) return;
    const wanted = Math.max(pages, Math.ceil(this.#total * RECLAIM_SHARE));
    const holders = [...this.#holders];
    // Size and place in one number each: thousands of holders are sorted without a call for every comparison.
    const bySize = Float64Array.from(holders, (holder, i) => holder.bytes * MOST_HOLDERS + i).sort();
    for (let i = bySize.length - 1; i >= 0 && this.freePages < wanted; i--) {
      holders[bySize[i]! % MOST_HOLDERS]!.giveBack();
    }
  }

  /** A free page's number. Call `ensure` first. */
  take(): number {
    const page = this.#free.pop();
    if (page !== undefined) return page;
    if (this.#handedOut >= this.#total) throw new Error("no free page");
    const fresh = this.#handedOut++;
    if (fresh % PAGES_A_SLAB === 0) this.#slabs.push(Buffer.alloc(SLAB_BYTES));
    return fresh;
  }

  give(pages: readonly number[]): void {
    // The last first: whoever takes several gets most of them side by side again.
    for (let i = pages.length - 1; i >= 0; i--) this.#free.push(pages[i]!);
    if (this.#free.length === this.#handedOut && this.#handedOut * 2 > this.#total) this.#letGo();
  }

  /** Much was held and nothing is any more: the memory goes back at once (transferred to nothing), not when V8 next collects old objects. */
  #letGo(): void {
    for (const slab of this.#slabs) slab.buffer.transfer(0);
    this.#slabs.length = this.#free.length = this.#handedOut = 0;
  }

  /** How many of the pages from `index` on stand side by side in memory, so that one copy does for all of them. */
  sideBySide(pages: readonly number[], index: number): number {
    let next = index + 1;
    while (pages[next] === pages[next - 1]! + 1 && pages[next]! % PAGES_A_SLAB !== 0) next++;
    return next - index;
  }

  /** Writes at `at` of a page, and of those beside it, the bytes of `source` between `from` and `to`, which must fit. */
  write(page: number, at: number, source: Buffer, from: number, to: number): void {
    // A typed array's own `set` needs a view of the bytes, and copies memory that threads share as atomic words.
    const place = (page % PAGES_A_SLAB) * PAGE_BYTES + at;
    source.copy(this.#slabs[Math.floor(page / PAGES_A_SLAB)]!, place, from, to);
  }

  /** Copies the first `bytes` of a page, and of those beside it, to `to` at `at`. */
  copy(page: number, bytes: number, to: Uint8Array, at: number): void {
    const start = (page % PAGES_A_SLAB) * PAGE_BYTES;
    this.#slabs[Math.floor(page / PAGES_A_SLAB)]!.copy(to, at, start, start + bytes);
  }

  join(holder: PageHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: PageHolder): void {
    this.#holders.delete(holder);
  }
}
