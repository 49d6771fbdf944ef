// The arithmetic of the benchmarks.

/** The middle value, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) throw new Error("median of nothing");
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of the ratios within each round, so that what the machine did in that round meets both sides. */
export function medianRatio(values: readonly number[], to: readonly number[]): number {
  if (values.length !== to.length) throw new Error("a ratio needs a value of both sides in every round");
  return median(values.map((value, round) => value / to[round]!));
}

/**
 * Who runs when: every round has everybody once, and begins with the next one, so that nobody always follows the same one or comes first.
 * Returns, for each round, the indexes in their order.
 */
export function rotation(contestants: number, rounds: number): number[][] {
  return Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: contestants }, (_, place) => (place + round) % contestants),
  );
}
