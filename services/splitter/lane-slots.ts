// Who may work now: live sources before backfill. Messages are received from both queues; these slots decide which of them are worked on.
//
// At most `capacity` sources are in work, and one more when a live one would otherwise wait for a backfill: so live sources never stand behind
// old ones, however long these take, and memory and scratch stay bounded. While live sources fill the capacity, no backfill begins; nor between
// two live ones as long as more of them wait in the queue, which their age tells.
import type { Lane } from "../../shared/contracts/words.ts";
import type { Clock } from "../../shared/ports/clock.ts";

/** Longer than it takes to receive the next message of a queue that has some. */
const HOLD_MS = 1000;
/** A live message that was as old when it was received has stood behind others. */
const LATE_MS = 2000;

interface Waiting {
  readonly start: () => void;
}

export class LaneSlots {
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #working = { live: 0, backfill: 0 };
  readonly #waiting: Record<Lane, Set<Waiting>> = { live: new Set(), backfill: new Set() };

  /** Until then, in milliseconds, no backfill begins: the next live source is on its way. */
  #heldUntil = 0;
  #isWaking = false;

  constructor(capacity: number, clock: Clock) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  /** Sources that may be in work at the same time at the most. */
  get most(): number {
    return this.#capacity + 1;
  }

  /**
   * Runs the work when its lane has a slot. Rejects with the signal's reason when it fires while the work still waits. `sentAt`: of the
   * message that asks for it.
   */
  async run<T>(lane: Lane, sentAt: Date, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const isLate = lane === "live" && this.#now() - sentAt.getTime() >= LATE_MS;
    if (isLate) this.#hold();
    await this.#acquire(lane, signal);
    try {
      return await work();
    } finally {
      this.#working[lane] -= 1;
      if (isLate) this.#hold();
      this.#startWaiting();
    }
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #hold(): void {
    this.#heldUntil = this.#now() + HOLD_MS;
    this.#wakeHeld();
  }

  /** Looks again when the hold is over, while a backfill waits for that. */
  #wakeHeld(): void {
    const left = this.#heldUntil - this.#now();
    if (this.#isWaking || left <= 0 || this.#waiting.backfill.size === 0) return;
    this.#isWaking = true;
    void this.#clock.sleep(left).then(() => {
      this.#isWaking = false;
      this.#startWaiting();
      this.#wakeHeld();
    });
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
    this.#wakeHeld();
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
    return (
      live + backfill < this.#capacity && this.#waiting.live.size === 0 && this.#now() >= this.#heldUntil
    );
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
