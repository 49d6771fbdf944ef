// Work that goes on at the same time, limited by weight: of memory, say, of which each takes another share.

export class WeightedLimit {
  readonly #most: number;
  #free: number;
  readonly #waiting: { readonly weight: number; readonly start: () => void }[] = [];
  readonly #onStart: (() => void)[] = [];

  /** `most`: the weight of all work that goes on. */
  constructor(most: number) {
    this.#most = most;
    this.#free = most;
  }

  /** Runs the work when there is room for its weight; in the order of the calls. What weighs more than all is alone. */
  async run<T>(weight: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(this.#most, weight);
    if (this.#waiting.length > 0 || this.#free < taken) {
      await new Promise<void>((start) => this.#waiting.push({ weight: taken, start }));
    } else this.#free -= taken;
    try {
      return await work();
    } finally {
      this.#free += taken;
      this.#startWaiting();
    }
  }

  /** Resolves when whoever calls `run` next need not wait behind others. */
  async nobodyWaits(): Promise<void> {
    while (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#onStart.push(resolve));
  }

  #startWaiting(): void {
    while (this.#waiting[0] && this.#waiting[0].weight <= this.#free) {
      const { weight, start } = this.#waiting.shift()!;
      this.#free -= weight;
      start();
    }
    if (this.#waiting.length === 0) for (const resolve of this.#onStart.splice(0)) resolve();
  }
}
