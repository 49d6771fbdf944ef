import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryMetrics } from "../../../shared/adapters/memory/memory-metrics.ts";
import { ManualClock } from "../../../shared/runtime/clock.ts";
import { EmfMetrics } from "../../../shared/telemetry/emf-metrics.ts";
import { metricsContract } from "../../contract/metrics.ts";

interface EmfLine {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

function setUp() {
  const lines: string[] = [];
  const clock = new ManualClock(new Date(1_000));
  const metrics = new EmfMetrics({ service: "loader", clock, write: (line) => void lines.push(line) });
  const parsed = (): EmfLine[] => lines.map((line) => JSON.parse(line));
  return { metrics, clock, lines, parsed };
}

/** Checks a line against the specification's limits and gives its values by metric. */
function valuesOf(line: EmfLine): Map<string, number[]> {
  const [directive, ...others] = line._aws.CloudWatchMetrics;
  assert.ok(directive && others.length === 0);
  assert.ok(directive.Metrics.length > 0 && directive.Metrics.length <= 100);
  for (const name of directive.Dimensions.flat()) assert.equal(typeof line[name], "string");
  return new Map(
    directive.Metrics.map(({ Name }) => {
      const value = line[Name];
      const list: number[] = Array.isArray(value) ? value : [value];
      assert.ok(list.length > 0 && list.length <= 100 && list.every((one) => typeof one === "number"));
      return [Name, list];
    }),
  );
}

const directive = (dimensions: string[], metrics: [string, string][]) => ({
  Timestamp: 1_000,
  CloudWatchMetrics: [
    {
      Namespace: "LogRouter",
      Dimensions: [dimensions],
      Metrics: metrics.map(([Name, Unit]) => ({ Name, Unit })),
    },
  ],
});

metricsContract("EMF", () => {
  const { metrics, parsed } = setUp();
  const series = (name: string, labels: Record<string, string> = {}): number[] =>
    parsed()
      .filter((line) => Object.entries(labels).every(([label, value]) => line[label] === value))
      .filter(
        (line) => line._aws.CloudWatchMetrics[0]!.Dimensions[0]!.length === 1 + Object.keys(labels).length,
      )
      .flatMap((line) => valuesOf(line).get(name) ?? []);
  return {
    metrics,
    counter: (name, labels) => series(name, labels).reduce((sum, value) => sum + value, 0),
    gauge: (name, labels) => series(name, labels).at(-1),
    observations: series,
    async [Symbol.asyncDispose]() {
      await metrics[Symbol.asyncDispose]();
    },
  };
});

describe("EmfMetrics", () => {
  it("writes one line per set of labels, in CloudWatch's form", async () => {
    const { metrics, lines } = setUp();
    metrics.count("loader_rows_total", 2, { lane: "live" });
    metrics.count("loader_rows_total", 3, { lane: "live" });
    metrics.gauge("loader_held_bytes", 7, { lane: "live" });
    metrics.observe("loader_load_seconds", 0.5);
    metrics.observe("loader_load_seconds", 1.5);
    await metrics[Symbol.asyncDispose]();

    assert.ok(lines.every((line) => line.endsWith("}\n") && !line.slice(0, -1).includes("\n")));
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [
        {
          _aws: directive(
            ["service", "lane"],
            [
              ["loader_rows_total", "Count"],
              ["loader_held_bytes", "Bytes"],
            ],
          ),
          service: "loader",
          lane: "live",
          loader_rows_total: 5,
          loader_held_bytes: 7,
        },
        {
          _aws: directive(["service"], [["loader_load_seconds", "Seconds"]]),
          service: "loader",
          loader_load_seconds: [0.5, 1.5],
        },
      ],
    );
  });

  it("writes every minute what there is, counts from zero again, and says nothing when there is nothing", async () => {
    const { metrics, clock, parsed } = setUp();
    metrics.count("a_total", 1);
    await clock.advance(59_999);
    assert.equal(parsed().length, 0);
    await clock.advance(1);
    metrics.count("a_total", 2);
    await clock.advance(180_000);
    await metrics[Symbol.asyncDispose]();

    assert.deepEqual(
      parsed().map((line) => line["a_total"]),
      [1, 2],
    );
    assert.equal(clock.sleeping, 0);
  });

  it("loses no value and keeps the limits, however many there are", async () => {
    const call = fc.record({
      kind: fc.constantFrom("count", "observe"),
      name: fc.integer({ min: 0, max: 150 }).map((i) => `m${i}`),
      lane: fc.constantFrom("live", "backfill"),
      times: fc.constantFrom(1, 1, 1, 99, 100, 101, 250),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 200, size: "max" }), async (calls) => {
        const { metrics, parsed } = setUp();
        const model = new MemoryMetrics();
        for (const { kind, name, lane, times } of calls) {
          for (let i = 0; i < times; i++) {
            for (const one of [metrics, model]) {
              if (kind === "count") one.count(`${name}_total`, i, { lane });
              else one.observe(`${name}_seconds`, i, { lane });
            }
          }
        }
        await metrics[Symbol.asyncDispose]();

        const lines = parsed();
        const got = new Map<string, number[]>();
        for (const line of lines) {
          for (const [name, values] of valuesOf(line)) {
            const series = `${String(line["lane"])} ${name}`;
            got.set(series, [...(got.get(series) ?? []), ...values]);
          }
        }
        for (const { kind, name, lane } of calls) {
          if (kind === "count") {
            const sum = got.get(`${lane} ${name}_total`)!.reduce((total, value) => total + value, 0);
            assert.equal(sum, model.counter(`${name}_total`, { lane }));
          } else {
            const expected = model.observations(`${name}_seconds`, { lane });
            assert.deepEqual(got.get(`${lane} ${name}_seconds`), expected);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});
