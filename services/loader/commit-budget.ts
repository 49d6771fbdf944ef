// `max_commits_per_minute` as a bucket of tokens: a short burst is let through, the rate holds over a minute.

/** Part of a minute's commits that may be made at once. */
const BURST = 1 / 6;

export class CommitBudget {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #at: number;

  constructor(commitsPerMinute: number, now: number) {
    this.#perMs = commitsPerMinute / 60_000;
    this.#capacity = Math.max(1, commitsPerMinute * BURST);
    this.#tokens = this.#capacity;
    this.#at = now;
  }

  /** True when a load may start now; it is then counted. */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Counts commits that could not wait (schema changes, settling); loads wait the longer for it, by one burst at the most. */
  spend(commits: number, now: number): void {
    this.#refill(now);
    this.#tokens = Math.max(-this.#capacity, this.#tokens - commits);
  }

  /** Milliseconds until `take` succeeds; 0 when it would now. */
  waitMs(now: number): number {
    this.#refill(now);
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) / this.#perMs);
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
