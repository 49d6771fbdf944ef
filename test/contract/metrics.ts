// The promises of the Metrics port (shared/ports/metrics.ts), held against every adapter.
import assert from "node:assert/strict";
import type { MetricLabels, Metrics } from "../../shared/ports/metrics.ts";

/** Metrics under test and a way to read them back after `flush`. Observations are left out where only totals are kept. */
export interface MetricsHarness extends AsyncDisposable {
  readonly metrics: Metrics;
  counter(name: string, labels?: MetricLabels): number;
  gauge(name: string, labels?: MetricLabels): number | undefined;
  observations?(name: string, labels?: MetricLabels): readonly number[];
}

/** Declares the suite. */
export function metricsContract(title: string, open: () => MetricsHarness): void {
  describe(`Metrics contract: ${title}`, () => {
    it("adds up counts, across flushes", async () => {
      await using harness = open();
      harness.metrics.count("a_total", 2);
      harness.metrics.count("a_total", 3);
      await harness.metrics.flush();
      harness.metrics.count("a_total", 5);
      await harness.metrics.flush();

      assert.equal(harness.counter("a_total"), 10);
    });

    it("keeps the last value of a gauge", async () => {
      await using harness = open();
      harness.metrics.gauge("a_bytes", 2);
      harness.metrics.gauge("a_bytes", 1);
      await harness.metrics.flush();

      assert.equal(harness.gauge("a_bytes"), 1);
    });

    it("tells series apart by labels, whose order does not matter", async () => {
      await using harness = open();
      harness.metrics.count("a_total", 1, { x: "1", y: "2" });
      harness.metrics.count("a_total", 1, { y: "2", x: "1" });
      harness.metrics.count("a_total", 7, { x: "2", y: "1" });
      harness.metrics.count("a_total", 40);
      await harness.metrics.flush();

      assert.equal(harness.counter("a_total", { x: "1", y: "2" }), 2);
      assert.equal(harness.counter("a_total", { x: "2", y: "1" }), 7);
      assert.equal(harness.counter("a_total", {}), 40);
    });

    it("keeps every observation", async function () {
      await using harness = open();
      if (!harness.observations) return;
      for (const value of [3, 1, 3]) harness.metrics.observe("a_seconds", value);
      await harness.metrics.flush();

      assert.deepEqual(harness.observations("a_seconds"), [3, 1, 3]);
    });
  });
}
