// Speed over the last seconds, and how long the rest takes at that speed.

/** Seconds looked back. */
const WINDOW = 10;

export class Rate {
  readonly #samples: { at: number; value: number }[] = [];

  /** `value`: the total so far; `at`: seconds on any clock that only goes forward. */
  sample(at: number, value: number): void {
    this.#samples.push({ at, value });
    while (this.#samples.length > 2 && this.#samples[1]!.at <= at - WINDOW) this.#samples.shift();
  }

  /** Per second; 0 until there are two samples at different times. */
  get perSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at <= first.at) return 0;
    return (last.value - first.value) / (last.at - first.at);
  }

  /** Seconds until `total`, or undefined while nothing moves. */
  secondsTo(total: number): number | undefined {
    const last = this.#samples.at(-1);
    if (!last || this.perSecond <= 0) return undefined;
    return Math.max(0, total - last.value) / this.perSecond;
  }
}
