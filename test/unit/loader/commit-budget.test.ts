import assert from "node:assert/strict";
import fc from "fast-check";
import { CommitBudget } from "../../../services/loader/commit-budget.ts";

describe("commit budget", () => {
  it("never lets more through in any minute than the rate and one burst", () => {
    const steps = fc.array(fc.nat(3_000), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), steps, (perMinute, pauses) => {
        const budget = new CommitBudget(perMinute, 0);
        const taken: number[] = [];
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          while (budget.take(now)) taken.push(now);
        }
        for (const start of taken) {
          const within = taken.filter((at) => at >= start && at < start + 60_000).length;
          assert.ok(within <= perMinute + Math.max(1, perMinute / 6), `${within} of ${perMinute}`);
        }
      }),
    );
  });

  it("says how long to wait, exactly", () => {
    const budget = new CommitBudget(60, 0);
    while (budget.take(0));
    const wait = budget.waitMs(0);

    assert.equal(budget.take(wait - 1), false);
    assert.equal(budget.take(wait), true);
  });

  it("lets loads wait for commits that could not", () => {
    const budget = new CommitBudget(60, 0);
    budget.spend(1_000, 0);

    assert.equal(budget.waitMs(0), 11_000);
  });
});
