// The account's calls per second and operation (Redshift management guide, quotas; not adjustable there). A bucket a kind of call,
// refilled continuously; what finds it empty is refused with ThrottlingException.
import { ApiError } from "./api-error.ts";

const PER_SECOND: Readonly<Record<string, number>> = {
  ExecuteStatement: 30,
  BatchExecuteStatement: 20,
  DescribeStatement: 100,
  GetStatementResult: 20,
  CancelStatement: 3,
  ListStatements: 3,
};

export interface RateLimits {
  /** Counts one call; throws ThrottlingException when there were too many. */
  take(operation: string): void;
}

export function createRateLimits(now: () => number = Date.now): RateLimits {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(operation) {
      const rate = PER_SECOND[operation];
      if (rate === undefined) return;
      const bucket = buckets.get(operation) ?? { tokens: rate, at: now() };
      buckets.set(operation, bucket);
      bucket.tokens = Math.min(rate, bucket.tokens + ((now() - bucket.at) / 1000) * rate);
      bucket.at = now();
      if (bucket.tokens < 1) throw new ApiError("ThrottlingException", "Rate exceeded");
      bucket.tokens -= 1;
    },
  };
}
