/** The smallest value that at least the part `q` (0 to 1) of the values does not exceed (nearest rank). Throws when there are none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (value === undefined) throw new Error("a quantile of nothing");
  return value;
}
