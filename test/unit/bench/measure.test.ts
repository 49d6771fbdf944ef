import assert from "node:assert/strict";
import { measure, type Cost } from "../../../bench/harness/measure.ts";

const cpu = (cost: Cost): number => cost.user_seconds + cost.system_seconds;
const SPIN = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";

describe("measure", () => {
  it("counts the processor time of every process of a pipe", async () => {
    const one = await measure(`sh -c '${SPIN}'`, {});
    const two = await measure(`sh -c '${SPIN}' | sh -c '${SPIN}'`, {});

    assert.ok(cpu(one) > 0.01, `${cpu(one)} s`);
    assert.ok(cpu(two) > cpu(one) * 1.3, `${cpu(two)} s for two, ${cpu(one)} s for one`);
  });

  it("tells the peak of the largest process, also of one that a shell has started", async () => {
    const hold = (mib: number): string =>
      `node -e 'const b = Buffer.alloc(${mib} * 1024 * 1024, 1); process.exitCode = b[7] - 1'`;

    const small = await measure(`${hold(1)}; true`, {});
    const large = await measure(`${hold(1)} | ${hold(200)}; true`, {});

    const more = (large.peak_bytes - small.peak_bytes) / 1024 ** 2;
    assert.ok(more > 180 && more < 240, `${more} MiB more`);
  });

  it("begins far below what its own process takes", async () => {
    const { peak_bytes: peak } = await measure("true", {});

    assert.ok(peak < 40 * 1024 ** 2, `${peak} bytes`);
  });

  it("gives the variables, and leaves out those that change what is measured", async () => {
    const before = process.env["PYTHONPATH"];
    process.env["PYTHONPATH"] = "/nowhere";
    try {
      await measure('test "$FILE" = "a b" && test -z "$PYTHONPATH" && test -f bench/run.ts', { FILE: "a b" });
    } finally {
      if (before === undefined) delete process.env["PYTHONPATH"];
      else process.env["PYTHONPATH"] = before;
    }
  });

  it("throws with the output of a command that fails, or is killed", async () => {
    await assert.rejects(measure('echo "no $WHAT"; exit 3', { WHAT: "luck" }), /\(3\).*\nno luck/);
    await assert.rejects(measure("kill -9 $$", {}), /failed \(1\)/);
  });
});
