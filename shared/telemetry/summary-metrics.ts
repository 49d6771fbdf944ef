// Totals of a run, for a table at its end. Memory: one entry per series, however much is counted.
import type { MetricLabels, Metrics } from "../ports/metrics.ts";

export interface SummaryRow {
  readonly name: string;
  readonly labels: MetricLabels;
  readonly kind: "counter" | "gauge" | "distribution";
  /** Sum of a counter or distribution, last value of a gauge. */
  readonly value: number;
  /** Of a distribution. */
  readonly observations?: { readonly count: number; readonly min: number; readonly max: number };
}

export class SummaryMetrics implements Metrics {
  readonly #rows = new Map<string, SummaryRow>();

  count(name: string, value: number, labels: MetricLabels = {}): void {
    this.#update("counter", name, labels, (before) => ({ value: (before?.value ?? 0) + value }));
  }

  gauge(name: string, value: number, labels: MetricLabels = {}): void {
    this.#update("gauge", name, labels, () => ({ value }));
  }

  observe(name: string, value: number, labels: MetricLabels = {}): void {
    this.#update("distribution", name, labels, (before) => ({
      value: (before?.value ?? 0) + value,
      observations: {
        count: (before?.observations?.count ?? 0) + 1,
        min: Math.min(before?.observations?.min ?? Infinity, value),
        max: Math.max(before?.observations?.max ?? -Infinity, value),
      },
    }));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** Every series, by name, then labels. */
  rows(): SummaryRow[] {
    return [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  #update(
    kind: SummaryRow["kind"],
    name: string,
    labels: MetricLabels,
    next: (before: SummaryRow | undefined) => Pick<SummaryRow, "value" | "observations">,
  ): void {
    const series = seriesKey(name, labels);
    this.#rows.set(series, { name, labels, kind, ...next(this.#rows.get(series)) });
  }
}

/** One text per series; the order of labels does not matter. */
export function seriesKey(name: string, labels: MetricLabels): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
