import assert from "node:assert/strict";
import fc from "fast-check";
import { WeightedLimit } from "../../../shared/runtime/weighted-limit.ts";

describe("WeightedLimit", () => {
  it("never has more at work than it may, lets everybody have his turn, in order, and stops at no failure", async () => {
    const weights = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(weights, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), async (all, turns) => {
        const limit = new WeightedLimit(10);
        const started: number[] = [];
        let atWork = 0;
        const runs = all.map((weight, i) =>
          limit.run(weight, async () => {
            started.push(i);
            atWork += Math.min(weight, 10);
            assert.ok(atWork <= 10, `${atWork}`);
            for (let turn = turns.next().value; turn > 0; turn--) await Promise.resolve();
            atWork -= Math.min(weight, 10);
            if (weight === 7) throw new Error("seven");
            return weight;
          }),
        );

        const results = await Promise.allSettled(runs);
        await limit.nobodyWaits();

        assert.deepEqual(
          results.map((result) => (result.status === "fulfilled" ? result.value : 7)),
          all,
        );
        assert.deepEqual(started, [...all.keys()]);
        assert.equal(atWork, 0);
      }),
    );
  });
});
