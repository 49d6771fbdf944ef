// Faults on purpose: each is armed for a number of calls and hits those that match. Used by the chaos tests, in process or by
// `POST /_faults` from another one.

/**
 * lose-answer: the call is done, the connection is cut. lose-request: the connection is cut before anything is done. throttle,
 * active-exceeded, internal-error: refused with that error, nothing done. slow-picked: stays SUBMITTED for `seconds`.
 * aborted-after-commit, failed-after-commit: committed, then reported ABORTED or FAILED. finished-without-commit does not exist: Redshift
 * is never known to do that. unknown-status: reports a status outside the documented list for a while.
 */
const EFFECTS = [
  "lose-answer",
  "lose-request",
  "throttle",
  "active-exceeded",
  "internal-error",
  "slow-picked",
  "aborted-after-commit",
  "failed-after-commit",
  "unknown-status",
  "html-answer",
] as const;

export type FaultEffect = (typeof EFFECTS)[number];

export interface Fault {
  readonly effect: FaultEffect;
  /** API operation it hits. Default: any. */
  readonly operation?: string;
  /** Regular expression on the statements' text or name. Default: any. */
  readonly match?: string;
  /** How many calls it hits. Default 1. */
  readonly times?: number;
  /** Calls that match and are let through before. Default 0. */
  readonly after?: number;
  /** For slow-picked and unknown-status. Default 1. */
  readonly seconds?: number;
}

export class Faults {
  /** Calls that a fault has hit so far. */
  hits = 0;
  #armed: { fault: Fault; match: RegExp; left: number; skip: number }[] = [];

  /** Throws for an effect that there is not, and for a `match` that is no regular expression. */
  arm(fault: Fault): void {
    if (!EFFECTS.includes(fault.effect)) throw new Error(`the effects are ${EFFECTS.join(", ")}`);
    const match = new RegExp(fault.match ?? "", "is");
    this.#armed.push({ fault, match, left: fault.times ?? 1, skip: fault.after ?? 0 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault that hits this call, if any; counts it. `effects` limits which kinds are asked for. */
  hit(operation: string, text: string, effects: readonly FaultEffect[]): Fault | undefined {
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (armed.left <= 0 || !effects.includes(fault.effect)) continue;
      if (fault.operation !== undefined && fault.operation !== operation) continue;
      if (!armed.match.test(text)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.left -= 1;
      this.hits += 1;
      return fault;
    }
    return undefined;
  }
}
