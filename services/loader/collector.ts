// Batching without a timer: what arrives while one round is under way makes up the next.

export class Collector<T> {
  readonly #round: (items: readonly T[]) => Promise<void>;
  readonly #maxItems: number;
  readonly #ready: () => Promise<void>;
  readonly #onIdle: () => void;
  #waiting: T[] = [];
  #running: Promise<void> | undefined;

  /** `round` handles its items' failures itself; neither it nor `ready`, which is awaited before each round, ever rejects. */
  constructor(
    round: (items: readonly T[]) => Promise<void>,
    maxItems: number,
    // What is added in the same turn of the event loop goes into the same round.
    ready: () => Promise<void> = () => Promise.resolve(),
    // Nothing is waiting any more, nor under way.
    onIdle: () => void = () => {},
  ) {
    this.#round = round;
    this.#maxItems = maxItems;
    this.#ready = ready;
    this.#onIdle = onIdle;
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
    while (this.#waiting.length > 0) {
      await this.#ready();
      await this.#round(this.#waiting.splice(0, this.#maxItems));
    }
    this.#running = undefined;
    this.#onIdle();
  }
}
