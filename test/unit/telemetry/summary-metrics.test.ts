import assert from "node:assert/strict";
import { SummaryMetrics } from "../../../shared/telemetry/summary-metrics.ts";

describe("SummaryMetrics", () => {
  it("gives one row per series, by name: totals, last values, and count, least and most of observations", () => {
    const metrics = new SummaryMetrics();
    for (const value of [4, -1, 2]) metrics.observe("s_seconds", value, { lane: "live" });
    metrics.gauge("g_bytes", 9);
    metrics.count("c_total", 2, { b: "1" });
    metrics.count("c_total", 3, { a: "1" });

    assert.deepEqual(metrics.rows(), [
      { name: "c_total", labels: { a: "1" }, kind: "counter", value: 3 },
      { name: "c_total", labels: { b: "1" }, kind: "counter", value: 2 },
      { name: "g_bytes", labels: {}, kind: "gauge", value: 9 },
      {
        name: "s_seconds",
        labels: { lane: "live" },
        kind: "distribution",
        value: 5,
        observations: { count: 3, min: -1, max: 4 },
      },
    ]);
  });
});
