import assert from "node:assert/strict";
import fc from "fast-check";
import { SourcePlaces } from "../../../services/splitter/source-places.ts";

const MB = 1024 * 1024;

/** Starts a source that is in work until `end` is called. */
function source(places: SourcePlaces, bytes: number) {
  const ended = Promise.withResolvers<void>();
  const state = { started: false, end: () => ended.resolve(), done: Promise.resolve() };
  state.done = places.run(bytes, async () => {
    state.started = true;
    await ended.promise;
  });
  return state;
}

const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe("SourcePlaces", () => {
  it("has as many large sources in work as were said, and 32 small ones in the place of each", async () => {
    const places = new SourcePlaces(2);
    const large = [source(places, 5 * MB), source(places, 900 * MB), source(places, MB)];
    await settle();
    assert.deepEqual(
      large.map(({ started }) => started),
      [true, true, false],
    );

    for (const { end } of large) end();
    await Promise.all(large.map(({ done }) => done));
    const small = Array.from({ length: 70 }, () => source(places, 20_000));
    await settle();
    assert.equal(small.filter(({ started }) => started).length, 64);
    for (const { end } of small) end();
    await Promise.all(small.map(({ done }) => done));
  });

  it("lets a large source that waits not starve behind small ones", async () => {
    const places = new SourcePlaces(1);
    const first = source(places, 10);
    const large = source(places, 8 * MB);
    const after = source(places, 10);
    await settle();
    assert.deepEqual([first.started, large.started, after.started], [true, false, false]);

    first.end();
    await settle();
    assert.deepEqual([large.started, after.started], [true, false]);
    large.end();
    after.end();
    await Promise.all([first.done, large.done, after.done]);
  });

  it("runs everything, never beyond its places, whatever fails", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 3 * MB }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 3 }), async (all, large) => {
        const places = new SourcePlaces(large);
        let inWork = 0;
        let most = 0;
        const runs: Promise<number>[] = [];
        for (const [i, bytes] of all.entries()) {
          const run = places.run(bytes, async () => {
            most = Math.max(most, ++inWork);
            await settle();
            inWork--;
            if (i % 5 === 0) throw new Error("failed");
            return i;
          });
          run.catch(() => undefined);
          runs.push(run);
          await places.free();
        }

        const ended = await Promise.allSettled(runs);

        assert.equal(ended.filter(({ status }) => status === "rejected").length, Math.ceil(all.length / 5));
        assert.ok(most <= large * 32);
      }),
    );
  });
});
