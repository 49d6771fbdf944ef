import { MemoryMetrics } from "../../shared/adapters/memory/memory-metrics.ts";
import { SummaryMetrics, seriesKey } from "../../shared/telemetry/summary-metrics.ts";
import { metricsContract } from "./metrics.ts";

metricsContract("memory", () => {
  const metrics = new MemoryMetrics();
  return {
    metrics,
    counter: (name, labels) => metrics.counter(name, labels),
    gauge: (name, labels) => metrics.gaugeValue(name, labels),
    observations: (name, labels) => metrics.observations(name, labels),
    async [Symbol.asyncDispose]() {},
  };
});

metricsContract("summary", () => {
  const metrics = new SummaryMetrics();
  const value = (name: string, labels = {}): number | undefined =>
    metrics.rows().find((row) => seriesKey(row.name, row.labels) === seriesKey(name, labels))?.value;
  return {
    metrics,
    counter: (name, labels) => value(name, labels) ?? 0,
    gauge: value,
    async [Symbol.asyncDispose]() {},
  };
});
