// Metrics that tests can read back.
import type { MetricLabels, Metrics } from "../../ports/metrics.ts";

/** Keeps every count, gauge and observation. Series are told apart by name and labels; the order of labels does not matter. */
export class MemoryMetrics implements Metrics {
  readonly #counters = new Map<string, number>();
  readonly #gauges = new Map<string, number>();
  readonly #observations = new Map<string, number[]>();
  #flushes = 0;

  count(name: string, value: number, labels?: MetricLabels): void {
    const series = seriesKey(name, labels);
    this.#counters.set(series, (this.#counters.get(series) ?? 0) + value);
  }

  gauge(name: string, value: number, labels?: MetricLabels): void {
    this.#gauges.set(seriesKey(name, labels), value);
  }

  observe(name: string, value: number, labels?: MetricLabels): void {
    const series = seriesKey(name, labels);
    const values = this.#observations.get(series);
    if (values) values.push(value);
    else this.#observations.set(series, [value]);
  }

  flush(): Promise<void> {
    this.#flushes++;
    return Promise.resolve();
  }

  /** Sum counted so far; 0 when never counted. */
  counter(name: string, labels?: MetricLabels): number {
    return this.#counters.get(seriesKey(name, labels)) ?? 0;
  }

  gaugeValue(name: string, labels?: MetricLabels): number | undefined {
    return this.#gauges.get(seriesKey(name, labels));
  }

  observations(name: string, labels?: MetricLabels): readonly number[] {
    return this.#observations.get(seriesKey(name, labels)) ?? [];
  }

  get flushes(): number {
    return this.#flushes;
  }
}

function seriesKey(name: string, labels: MetricLabels = {}): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, sorted]);
}
