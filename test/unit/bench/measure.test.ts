import assert from "node:assert/strict";
import { childSeconds, measure, median } from "../../../bench/measure.ts";

describe("measure", () => {
  it("reads the children's times as dash, bash and busybox print them", () => {
    assert.equal(childSeconds("0m0.000000s 0m0.010000s\n1m2.500000s 0m0.250000s\n"), 62.75);
    assert.equal(childSeconds("0m0.001s 0m0.002s\n0m0.100s 0m0.200s\n").toFixed(3), "0.300");
  });

  it("counts the processor time of every process of a pipe", async () => {
    const spin = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
    const cost = await measure(`sh -c '${spin}' | sh -c '${spin}'`, []);

    assert.ok(cost.cpuSeconds > 0.01, `${cost.cpuSeconds}`);
    assert.ok(cost.cpuSeconds < cost.wallSeconds * 3);
  });

  it("throws with the output of a command that fails", async () => {
    await assert.rejects(measure('echo "no $1"; exit 3', ["luck"]), /no luck/);
  });
});

describe("median", () => {
  it("is the middle value or the mean of the middle two", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.throws(() => median([]));
  });
});
