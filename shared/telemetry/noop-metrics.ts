// For those who want no metrics.
import type { Metrics } from "../ports/metrics.ts";

export const noopMetrics: Metrics = {
  count: () => undefined,
  gauge: () => undefined,
  observe: () => undefined,
  flush: () => Promise.resolve(),
};
