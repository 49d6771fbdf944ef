import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import fc from "fast-check";
import { batches } from "../../../cli/compose/batches.ts";
import { SummaryMetrics } from "../../../cli/compose/summary-metrics.ts";
import { Rate } from "../../../cli/progress/rate.ts";
import { signalSource } from "../../../cli/signals.ts";
import { closest } from "../../../shared/config/closest.ts";

describe("Rate", () => {
  it("knows nothing before it has two samples", () => {
    const rate = new Rate();
    rate.sample(1, 100);

    assert.equal(rate.perSecond, 0);
    assert.equal(rate.secondsTo(200), undefined);
  });

  it("looks back ten seconds", () => {
    const rate = new Rate();
    for (let second = 0; second <= 60; second++) rate.sample(second, second < 30 ? 0 : (second - 30) * 50);

    assert.equal(rate.perSecond, 50);
    assert.equal(rate.secondsTo(1600), 2);
  });
});

describe("batches", () => {
  async function* numbers(count: number, pause: (index: number) => Promise<void>): AsyncGenerator<number> {
    for (let index = 0; index < count; index++) {
      await pause(index);
      yield index;
    }
  }

  it("gives every item once, in order, in lists of at most that size", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(40), fc.integer({ min: 1, max: 7 }), async (count, size) => {
        const lists = await Array.fromAsync(
          batches(
            numbers(count, () => Promise.resolve()),
            size,
            1000,
          ),
        );

        assert.deepEqual(
          lists.flat(),
          Array.from({ length: count }, (_, index) => index),
        );
        assert.ok(lists.every((list) => list.length >= 1 && list.length <= size));
      }),
    );
  });

  it("does not let an item wait for one that does not come", async () => {
    const never = Promise.withResolvers<void>();
    const stream = batches(
      numbers(2, (index) => (index === 1 ? never.promise : Promise.resolve())),
      10,
      1,
    );

    assert.deepEqual((await stream.next()).value, [0]);
    never.resolve();
    assert.deepEqual((await stream.next()).value, [1]);
    assert.equal((await stream.next()).done, true);
  });

  it("throws what the items throw", async () => {
    const fails = numbers(3, (index) =>
      index === 2 ? Promise.reject(new Error("broken")) : Promise.resolve(),
    );

    await assert.rejects(Array.fromAsync(batches(fails, 2, 10)), /broken/);
  });
});

describe("signalSource", () => {
  it("asks to finish at the first signal and to give up at the second, and leaves no handler behind", () => {
    const emitter = new EventEmitter();
    {
      using signals = signalSource(emitter).listen();
      emitter.emit("SIGINT", "SIGINT");
      assert.deepEqual([signals.graceful.aborted, signals.forced.aborted], [true, false]);
      emitter.emit("SIGTERM", "SIGTERM");
      assert.equal(signals.forced.aborted, true);
    }

    assert.equal(emitter.listenerCount("SIGINT") + emitter.listenerCount("SIGTERM"), 0);
  });
});

describe("SummaryMetrics", () => {
  it("sums up counters and distributions by name and labels, in bounded memory", () => {
    const metrics = new SummaryMetrics();
    metrics.count("a_total", 1, { y: "2", x: "1" });
    metrics.count("a_total", 2, { x: "1", y: "2" });
    metrics.gauge("b_bytes", 5);
    metrics.gauge("b_bytes", 4);
    for (const value of [1, 2, 6]) metrics.observe("c_seconds", value);

    assert.deepEqual(metrics.summary(), {
      "a_total{x=1,y=2}": 3,
      b_bytes: 4,
      c_seconds: { count: 3, mean: 3, max: 6 },
    });
  });
});

describe("closest", () => {
  const cases: readonly [word: string, candidates: string[], expected: string | undefined][] = [
    ["tabel", ["table", "drop"], "table"],
    ["on-corrupt", ["on_corrupt"], "on_corrupt"],
    ["THREADS", ["threads"], "threads"],
    ["xyz", ["table", "drop"], undefined],
    ["a", ["b"], undefined],
    ["", ["table"], undefined],
  ];
  for (const [word, candidates, expected] of cases) {
    it(`${JSON.stringify(word)} → ${expected}`, () => assert.equal(closest(word, candidates), expected));
  }

  it("always finds a word that is there, and one that lacks a letter", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z_]{4,12}$/), { minLength: 1, maxLength: 6 });

    fc.assert(
      fc.property(names, fc.nat(), (words, pick) => {
        const word = words[pick % words.length]!;
        assert.equal(closest(word, words), word);
        assert.notEqual(closest(word.slice(1), words), undefined);
      }),
    );
  });
});
