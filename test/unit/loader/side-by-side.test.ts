// A job that is divided into loads side by side: what each of them answers concerns its own tables alone.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { LoadJob, LoadResult, Warehouse } from "../../../shared/ports/warehouse.ts";
import { harness, linesOf, stateOf, storedLines, type Harness } from "./harness.ts";

type Load = (job: LoadJob, next: () => Promise<LoadResult>) => Promise<LoadResult>;

/** The harness's warehouse, which takes so many loads at once, and one operation replaced. */
function sideBySide(h: Harness, load: Load): Warehouse {
  return new Proxy(h.counted, {
    get(target, property) {
      if (property === "loadsAtOnce") return 2;
      if (property === "load")
        return (job: LoadJob, signal?: AbortSignal) => load(job, () => target.load(job, signal));
      return Reflect.get(target, property, target);
    },
  });
}

/** What no compression makes much smaller: so much that the job is divided. */
const large = (): string[] =>
  Array.from({ length: 20 }, () => JSON.stringify({ s: randomBytes(48_000).toString("base64") }));

const tablesOf = (job: LoadJob): string[] => job.tables.map(({ plan }) => plan.table);

describe("loads of one job side by side", () => {
  it("run at the same time, each with some of the tables, in a batch of its own", async () => {
    const h = harness();
    const source = await h.put({ key: "/a", types: { a: large(), b: large(), c: large() } });
    await h.announce(source);
    const jobs: LoadJob[] = [];
    const bothBegun = Promise.withResolvers<void>();
    const warehouse = sideBySide(h, async (job, next) => {
      if (jobs.push(job) === 2) bothBegun.resolve();
      await bothBegun.promise;
      return await next();
    });
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.clock.advance(11_000);
    await bothBegun.promise;
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.deepEqual(jobs.flatMap(tablesOf).sort(), ["a", "b", "c"]);
    assert.equal(new Set(jobs.map(({ batchId }) => batchId)).size, 2);
    assert.equal(stateOf(h.warehouse, source), "loaded");
  });

  for (const answer of ["throws", "stale", "refused"] as const)
    it(`go on when one of them ${answer === "throws" ? answer : `is ${answer}`}`, async () => {
      const h = harness();
      const source = await h.put({ key: "/a", types: { a: large(), b: large(), c: large() } });
      await h.announce(source);
      let answers = 0;
      const warehouse = sideBySide(h, async (job, next) => {
        if (answers > 0 || !tablesOf(job).includes("b")) return await next();
        answers++;
        if (answer === "throws") throw new RouterError("WAREHOUSE_FAILED", "disk on fire");
        return answer === "stale"
          ? { kind: "stale" }
          : { kind: "refused", table: "b", reason: "no such value" };
      });
      await using loader = h.loader({ warehouse });

      await loader.start();
      await h.untilDone(loader);

      assert.equal(answers, 1);
      assert.deepEqual(storedLines(h.warehouse), linesOf(source));
      assert.equal(stateOf(h.warehouse, source), "loaded");
    });
});
