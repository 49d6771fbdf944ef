// Pauses that double, with jitter, so that many loaders do not come back at the same moment.

/** The pause after `failures` failures (1 or more): `firstMs` doubled each time up to `maxMs`, of which 50 to 100 % are waited. */
export function backOffMs(failures: number, firstMs: number, maxMs: number, random: () => number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(30, failures - 1));
  return full * (0.5 + random() / 2);
}
