// The account's limits on Data API calls, kept by one limiter for the whole process. They are per account and region, and cannot be
// raised (Redshift management guide, "Quotas and limits"): others in the account use them too, so `share` of them is ours.
import pThrottle from "p-throttle";

export const CALLS_PER_SECOND = {
  execute: 30,
  batch: 20,
  describe: 100,
  result: 20,
  other: 3,
} as const;

export type CallKind = keyof typeof CALLS_PER_SECOND;

export type Limiter = <T>(kind: CallKind, call: () => Promise<T>) => Promise<T>;

/** `share`: part of the account's rate that this process may use, over 0 and at most 1. */
export function createLimiter(share: number): Limiter {
  const lane = (kind: CallKind) => {
    const limit = Math.max(1, Math.floor(CALLS_PER_SECOND[kind] * share));
    return pThrottle({ limit, interval: 1000 })((call: () => Promise<unknown>) => call());
  };
  const lanes = {
    execute: lane("execute"),
    batch: lane("batch"),
    describe: lane("describe"),
    result: lane("result"),
    other: lane("other"),
  };
  return <T>(kind: CallKind, call: () => Promise<T>) => lanes[kind](call) as Promise<T>;
}
