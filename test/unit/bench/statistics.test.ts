import assert from "node:assert/strict";
import fc from "fast-check";
import { median, medianRatio, rotation } from "../../../bench/harness/statistics.ts";

describe("median", () => {
  it("is the middle value or the mean of the middle two", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.throws(() => median([]));
  });

  it("leaves what it is given in its order", () => {
    const values = [3, 1, 2];

    median(values);

    assert.deepEqual(values, [3, 1, 2]);
  });
});

describe("medianRatio", () => {
  it("is taken within each round, so that a slow round says nothing", () => {
    // Twice as long in every round, the second of which met other work.
    assert.equal(medianRatio([2, 20, 4], [1, 10, 2]), 2);
    // The ratio of the medians would be 3.
    assert.equal(medianRatio([1, 3, 8], [1, 1, 8]), 1);
  });

  it("needs both sides in every round", () => {
    assert.throws(() => medianRatio([1, 2], [1]));
  });
});

describe("rotation", () => {
  it("has everybody once a round", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }), (contestants, rounds) => {
        const order = rotation(contestants, rounds);

        assert.equal(order.length, rounds);
        for (const round of order) {
          assert.deepEqual(
            [...round].sort((a, b) => a - b),
            Array.from({ length: contestants }, (_, index) => index),
          );
        }
      }),
    );
  });

  it("lets another one begin each round", () => {
    assert.deepEqual(
      rotation(3, 4).map(([first]) => first),
      [0, 1, 2, 0],
    );
  });
});
