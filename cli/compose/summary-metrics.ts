// Metrics of one process, summed up for the end of a run: bounded, whatever the number of observations.
import type { MetricLabels, Metrics } from "../../shared/ports/metrics.ts";

interface Distribution {
  count: number;
  sum: number;
  max: number;
}

export class SummaryMetrics implements Metrics {
  readonly #values = new Map<string, number>();
  readonly #distributions = new Map<string, Distribution>();

  count(name: string, value: number, labels?: MetricLabels): void {
    const series = seriesName(name, labels);
    this.#values.set(series, (this.#values.get(series) ?? 0) + value);
  }

  gauge(name: string, value: number, labels?: MetricLabels): void {
    this.#values.set(seriesName(name, labels), value);
  }

  observe(name: string, value: number, labels?: MetricLabels): void {
    const series = seriesName(name, labels);
    const before = this.#distributions.get(series) ?? { count: 0, sum: 0, max: -Infinity };
    const { count, sum, max } = before;
    this.#distributions.set(series, { count: count + 1, sum: sum + value, max: Math.max(max, value) });
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** Series → value, or count, mean and maximum of a distribution. */
  summary(): Record<string, number | { count: number; mean: number; max: number }> {
    const distributions = [...this.#distributions].map(
      ([series, { count, sum, max }]) => [series, { count, mean: sum / count, max }] as const,
    );
    return Object.fromEntries([...this.#values, ...distributions]);
  }
}

function seriesName(name: string, labels: MetricLabels = {}): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length === 0 ? name : `${name}{${sorted.map(([key, value]) => `${key}=${value}`).join(",")}}`;
}
