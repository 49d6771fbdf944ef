// The system's clock, and one that tests move by hand.
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../ports/clock.ts";

export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await wait(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      // The timers' own AbortError hides the reason; the port promises the reason itself.
      if (signal?.aborted) throw signal.reason;
      throw error;
    }
  },
};

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** Stands still until `advance`. Sleepers wake in the order of their times, each at its own `now`, ties in the order of sleeping. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  /** Starts at `start`, by default at a fixed time, so that tests give the same bytes every day. */
  constructor(start: Date = new Date("2026-01-01T00:00:00Z")) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  /** How many `sleep`s are under way, for tests that wait until something has gone to sleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const sleeper: Sleeper = { due: this.#now + Math.max(0, ms), wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /**
   * Moves time on by `ms`. Stops at each sleeper on the way and lets what it woke run (including new sleeps that are due before the
   * end), so that a heartbeat beats as often as it would have in real time.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settleTurns();
    for (let next = this.#nextDue(end); next !== undefined; next = this.#nextDue(end)) {
      this.#now = Math.max(this.#now, next.due);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
      await settleTurns();
    }
    this.#now = end;
    await settleTurns();
  }

  #nextDue(end: number): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.due <= end && (first === undefined || sleeper.due < first.due)) first = sleeper;
    }
    return first;
  }
}

/** Lets promise chains run on; a few turns of the event loop reach what in-memory adapters do. */
async function settleTurns(): Promise<void> {
  for (let i = 0; i < 3; i++) await turn();
}
