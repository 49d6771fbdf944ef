// Who may work now: live sources before backfill. Messages are received from both queues; these slots decide which of them are worked on.
//
// At most `capacity` sources are in work, and one more when a live one would otherwise wait for a backfill: so live sources never stand behind
// old ones, however long these take, and memory and scratch stay bounded. While live sources fill the capacity, no backfill begins.
import type { Lane } from "../../shared/contracts/words.ts";

interface Waiting {
  readonly start: () => void;
}

export class LaneSlots {
  readonly #capacity: number;
  readonly #working = { live: 0, backfill: 0 };
  readonly #waiting: Record<Lane, Set<Waiting>> = { live: new Set(), backfill: new Set() };

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Sources that may be in work at the same time at the most. */
  get most(): number {
    return this.#capacity + 1;
  }

  /** Runs the work when its lane has a slot. Rejects with the signal's reason when it fires while the work still waits. */
  async run<T>(lane: Lane, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#acquire(lane, signal);
    try {
      return await work();
    } finally {
      this.#working[lane] -= 1;
      this.#startWaiting();
    }
  }

  async #acquire(lane: Lane, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting[lane].size === 0 && this.#hasSlot(lane)) {
      this.#working[lane] += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { start: resolve };
    this.#waiting[lane].add(waiting);
    const onAbort = (): void => {
      if (this.#waiting[lane].delete(waiting)) reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #hasSlot(lane: Lane): boolean {
    const { live, backfill } = this.#working;
    if (lane === "live") return live < this.#capacity && live + backfill <= this.#capacity;
    return live + backfill < this.#capacity && this.#waiting.live.size === 0;
  }

  #startWaiting(): void {
    for (const lane of ["live", "backfill"] as const) {
      for (const waiting of this.#waiting[lane]) {
        if (!this.#hasSlot(lane)) break;
        this.#waiting[lane].delete(waiting);
        this.#working[lane] += 1;
        waiting.start();
      }
    }
  }
}
