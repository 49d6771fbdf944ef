// How many sources are in work at the same time, by their size: small ones wait for the disk more than they work, so several take the place of a
// large one (measured: services/splitter/README.md).

const PLACES_OF_LARGE = 32;
/** Stored bytes of a source that takes one place. */
const PLACE_BYTES = 32 * 1024;

export class SourcePlaces {
  #free: number;
  readonly #waiting: { readonly places: number; readonly start: () => void }[] = [];
  readonly #onStart: (() => void)[] = [];

  /** `large`: sources of a megabyte and more at the same time. */
  constructor(large: number) {
    this.#free = large * PLACES_OF_LARGE;
  }

  /** Runs the work when there is a place for a source of so many stored bytes; in the order of the calls. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const places = Math.min(PLACES_OF_LARGE, Math.max(1, Math.ceil(bytes / PLACE_BYTES)));
    if (this.#waiting.length > 0 || this.#free < places) {
      await new Promise<void>((start) => this.#waiting.push({ places, start }));
    } else this.#free -= places;
    try {
      return await work();
    } finally {
      this.#free += places;
      this.#startWaiting();
    }
  }

  /** Resolves when whoever calls `run` next need not wait behind others. */
  async free(): Promise<void> {
    while (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#onStart.push(resolve));
  }

  #startWaiting(): void {
    while (this.#waiting[0] && this.#waiting[0].places <= this.#free) {
      const { places, start } = this.#waiting.shift()!;
      this.#free -= places;
      start();
    }
    if (this.#waiting.length === 0) for (const resolve of this.#onStart.splice(0)) resolve();
  }
}
