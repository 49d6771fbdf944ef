// The sample's randomness: sfc32 (Chris Doty-Humphrey's Small Fast Counting generator, 128 bits of state, passes PractRand), so that a
// seed gives the same bytes on every machine and in every version of Node.

/** A source of numbers with the draws that the sample needs. */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** Any integer is a seed; the first twelve outputs are thrown away, as the generator's author does to mix the seed in. */
  constructor(seed: number, stream = 0) {
    this.#a = stream | 0;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** 0 … 2^32−1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 ≤ x < 1, 32 bits of it. */
  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.unit() * items.length)]!;
  }

  /** An index below `count` that prefers small ones, as popular products and frequent visitors do (density ~ 1/x). */
  skewed(count: number): number {
    return Math.min(count - 1, Math.floor(count ** this.unit()) - 1);
  }

  /** Time until the next event of a Poisson stream with the given mean. */
  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }

  /** `length` lower-case hex digits. */
  hex(length: number): string {
    let text = "";
    while (text.length < length) text += this.uint32().toString(16).padStart(8, "0");
    return text.slice(0, length);
  }
}
