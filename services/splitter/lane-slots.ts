// Who may work now: live sources before backfill. Messages are received from both queues; these slots decide which of them are worked on.
//
// At most `capacity` large sources are in work, or more small ones in their places (source-places.ts), and one more when a live one would otherwise wait for a
// backfill: so live sources never stand behind old ones, however long these take, and memory and scratch stay bounded. While live sources fill the
// capacity, no backfill begins; nor between two live ones as long as more of them wait in the queue, which their age tells.
import type { Lane } from "../../shared/contracts/words.ts";
import type { Clock } from "../../shared/ports/clock.ts";
import { PLACES_OF_LARGE } from "./source-places.ts";

/** Longer than it takes to receive the next message of a queue that has some. */
const HOLD_MS = 1000;
/** A live message that was as old when it was received has stood behind others. */
const LATE_MS = 2000;

interface Waiting {
  readonly places: number;
  readonly start: () => void;
}

/** What asks for a slot. */
export interface SlotRequest {
  readonly lane: Lane;
  /** When the message was sent that asks for it. */
  readonly sentAt: Date;
  /** `placesOf` its largest source. */
  readonly places: number;
}

export class LaneSlots {
  readonly #capacity: number;
  readonly #clock: Clock;
  /** Places of what is in work. */
  readonly #working = { live: 0, backfill: 0 };
  /** Messages that have a slot or wait for one. */
  readonly #inHand = { live: 0, backfill: 0 };
  /** Places of the messages to come, as the last ones tell. */
  #usual = PLACES_OF_LARGE;
  readonly #waiting: Record<Lane, Set<Waiting>> = { live: new Set(), backfill: new Set() };

  /** Until then, in milliseconds, no backfill begins: the next live source is on its way. */
  #heldUntil = 0;
  #isWaking = false;

  constructor(capacity: number, clock: Clock) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  /** Large sources that may be in work at the same time at the most. */
  get most(): number {
    return this.#capacity + 1;
  }

  /**
   * Messages of a lane that it makes sense to have in hand now: those there are, and as many more as there are places for. Who takes others than the last
   * ones were will have to wait with them, and keep them from other workers: so the guess falls by steps from large to small, and rises at once.
   */
  messages(lane: Lane): number {
    const { live, backfill } = this.#working;
    const free = this.#capacity * PLACES_OF_LARGE - live - backfill;
    const more = this.#waiting[lane].size > 0 ? 0 : Math.max(0, Math.floor(free / this.#usual));
    return Math.max(this.#capacity, this.#inHand[lane] + more);
  }

  /** Runs the work when its lane has a slot. Rejects with the signal's reason when it fires while the work still waits. */
  async run<T>(request: SlotRequest, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { lane, sentAt, places } = request;
    const isLate = lane === "live" && this.#now() - sentAt.getTime() >= LATE_MS;
    if (isLate) this.#hold();
    this.#usual = Math.max(places, this.#usual / 2);
    this.#inHand[lane] += 1;
    try {
      await this.#acquire(lane, places, signal);
      try {
        return await work();
      } finally {
        this.#working[lane] -= places;
      }
    } finally {
      this.#inHand[lane] -= 1;
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

  async #acquire(lane: Lane, places: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting[lane].size === 0 && this.#hasSlot(lane, places)) {
      this.#working[lane] += places;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { places, start: resolve };
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

  #hasSlot(lane: Lane, places: number): boolean {
    const { live, backfill } = this.#working;
    const capacity = this.#capacity * PLACES_OF_LARGE;
    if (lane === "live")
      return live + places <= capacity && live + backfill + places <= capacity + PLACES_OF_LARGE;
    return (
      live + backfill + places <= capacity && this.#waiting.live.size === 0 && this.#now() >= this.#heldUntil
    );
  }

  #startWaiting(): void {
    for (const lane of ["live", "backfill"] as const) {
      for (const waiting of this.#waiting[lane]) {
        if (!this.#hasSlot(lane, waiting.places)) break;
        this.#waiting[lane].delete(waiting);
        this.#working[lane] += waiting.places;
        waiting.start();
      }
    }
  }
}
