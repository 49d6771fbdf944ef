// Counters, gauges and distributions. Adapters: EMF lines on stdout, a table at the end of the run, memory.

/** Few, bounded labels. `event_type` is a label only where the set is configured. */
export type MetricLabels = Readonly<Record<string, string>>;

export interface Metrics {
  /** Adds to a counter named `<service>_<noun>_total`. */
  count(name: string, value: number, labels?: MetricLabels): void;
  /** Sets a gauge. The unit is in the name: `_bytes`, `_seconds`, `_messages`. */
  gauge(name: string, value: number, labels?: MetricLabels): void;
  /** Adds one observation to a distribution. */
  observe(name: string, value: number, labels?: MetricLabels): void;
  /** Writes out what is held back; called on shutdown. */
  flush(): Promise<void>;
}
