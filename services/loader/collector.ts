// Batching without a timer: what arrives while one round is under way makes up the next.

export class Collector<T> {
  readonly #round: (items: readonly T[]) => Promise<void>;
  readonly #maxItems: number;
  #waiting: T[] = [];
  #running: Promise<void> | undefined;

  /** `round` handles its items' failures itself and never rejects. */
  constructor(round: (items: readonly T[]) => Promise<void>, maxItems: number) {
    this.#round = round;
    this.#maxItems = maxItems;
  }

  /** Items waiting or in the round under way. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // What is added in the same turn of the event loop goes into the same round.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#round(this.#waiting.splice(0, this.#maxItems));
    this.#running = undefined;
  }
}
