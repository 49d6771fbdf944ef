// Which stretches of the scratch file are free: first fit, neighbours merged, never beyond the limit.

export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export class Extents {
  readonly #limit: number;
  /** Ascending, never adjacent. */
  readonly #free: { offset: number; length: number }[] = [];
  #end = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** Undefined when there is no stretch of that length. */
  allocate(length: number): Extent | undefined {
    const index = this.#free.findIndex((free) => free.length >= length);
    if (index !== -1) {
      const free = this.#free[index]!;
      const offset = free.offset;
      free.offset += length;
      free.length -= length;
      if (free.length === 0) this.#free.splice(index, 1);
      return { offset, length };
    }
    if (this.#end + length > this.#limit) return undefined;
    this.#end += length;
    return { offset: this.#end - length, length };
  }

  release({ offset, length }: Extent): void {
    if (length === 0) return;
    const index = this.#indexAfter(offset);
    this.#free.splice(index, 0, { offset, length });
    this.#merge(index);
    if (index > 0) this.#merge(index - 1);
    const last = this.#free.at(-1);
    if (last && last.offset + last.length === this.#end) {
      this.#end = last.offset;
      this.#free.pop();
    }
  }

  /** Binary search: thousands of event types leave tens of thousands of gaps. */
  #indexAfter(offset: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#free[middle]!.offset > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #merge(index: number): void {
    const here = this.#free[index];
    const next = this.#free[index + 1];
    if (!here || !next || here.offset + here.length !== next.offset) return;
    here.length += next.length;
    this.#free.splice(index + 1, 1);
  }
}
