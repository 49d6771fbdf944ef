import assert from "node:assert/strict";
import {
  CALLS_PER_SECOND,
  createLimiter,
  type CallKind,
} from "../../../shared/warehouse/redshift/data-api-limits.ts";

/** Milliseconds until the n-th call of each kind has begun. */
async function begin(share: number, calls: Partial<Record<CallKind, number>>): Promise<Map<string, number>> {
  const limiter = createLimiter(share);
  const from = performance.now();
  const last = new Map<string, number>();
  const all = Object.entries(calls) as [CallKind, number][];
  await Promise.all(
    all.flatMap(([kind, count]) =>
      Array.from({ length: count }, () =>
        limiter(kind, async () => void last.set(kind, performance.now() - from)),
      ),
    ),
  );
  return last;
}

describe("the limit of Data API calls", () => {
  it("lets each kind of call have its share of the account's rate and no more, whatever the others do", async () => {
    const last = await begin(0.5, { batch: 11, execute: 15, describe: 50, other: 1 });

    assert.ok(last.get("batch")! >= 900, `the 11th batch after ${last.get("batch")} ms`);
    for (const kind of ["execute", "describe", "other"])
      assert.ok(last.get(kind)! < last.get("batch")!, `${kind} after ${last.get(kind)} ms`);
  });

  it("lets through one call a second of each kind at the least", async () => {
    const last = await begin(0.001, { result: 1, other: 2 });

    assert.ok(
      last.get("result")! < last.get("other")! && last.get("other")! >= 900,
      JSON.stringify([...last]),
    );
  });

  it("has the rates that AWS names", () => {
    assert.deepEqual(CALLS_PER_SECOND, { execute: 30, batch: 20, describe: 100, result: 20, other: 3 });
  });

  it("gives back what the call gives, and its failure", async () => {
    const limiter = createLimiter(1);

    assert.equal(await limiter("execute", async () => 7), 7);
    await assert.rejects(
      limiter("execute", () => Promise.reject(new Error("on purpose"))),
      /on purpose/,
    );
  });
});
