import assert from "node:assert/strict";
import {
  recordingWarehouse,
  type WarehouseCall,
} from "../../../shared/adapters/memory/recording-warehouse.ts";
import type { LoadJob } from "../../../shared/ports/warehouse.ts";
import { harness, linesOf, numbered, stateOf, storedLines } from "./harness.ts";

function isJob(value: unknown): value is LoadJob {
  return typeof value === "object" && value !== null && "tables" in value;
}

function jobsOf(calls: readonly WarehouseCall[]): LoadJob[] {
  return calls.flatMap(({ args }) => args.filter(isJob));
}

describe("whose turn it is", () => {
  it("loads the live lane first, and backfill all the same", async () => {
    // One commit a second, one batch each: what is due has to queue.
    const h = harness({ loader: { concurrent_loads: 1, batch_parts: 1, max_commits_per_minute: 6 } });
    const { warehouse, calls } = recordingWarehouse(h.counted);
    const put = (n: number, lane: "live" | "backfill") =>
      h.put({ key: `/${lane}/${n}`, types: { t: numbered(1) }, over: { lane } });
    const backfill = await Promise.all([1, 2, 3].map((n) => put(n, "backfill")));
    const live = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => put(n, "live")));
    await h.announce(...backfill, ...live);
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), [...live, ...backfill].flatMap(linesOf).sort());
    const lanes = jobsOf(calls("load")).map((job) => job.tables[0]!.units[0]!.lane);
    assert.equal(lanes.length, 9);
    assert.ok(
      lanes.slice(1, 5).every((lane) => lane === "live"),
      lanes.join(),
    );
  });

  it("keeps to its budget, batches growing while they wait", async () => {
    const h = harness({ loader: { max_commits_per_minute: 6, batch_age_seconds: 1 } });
    const { warehouse, calls } = recordingWarehouse(h.counted);
    await using loader = h.loader({ warehouse });
    await loader.start();
    const sources = [];
    for (let second = 0; second < 120; second++) {
      const source = await h.put({ key: `/${second}`, types: { t: numbered(1) } });
      sources.push(source);
      await h.announce(source);
      await h.advance(1_000);
    }
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), sources.flatMap(linesOf).sort());
    const loads = calls("load").length;
    assert.ok(loads <= 14, `${loads} loads in two minutes`);
    assert.ok(loads >= 5, `${loads} loads in two minutes`);
  });

  it("waits, in a hurry, for the receipts that are being read, and for nothing else", async () => {
    const h = harness({ loader: { batch_age_seconds: 3_600 } });
    const { warehouse, calls } = recordingWarehouse(h.counted);
    const put = (n: number) => h.put({ key: `/${n}`, types: { t: numbered(1) } });
    // More than are read in one round.
    const sources = await Promise.all(Array.from({ length: 600 }, (_, n) => put(n)));
    await h.announce(...sources);
    await using loader = h.loader({ warehouse });
    await loader.start();
    loader.flush();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), sources.flatMap(linesOf).sort());
    assert.ok(h.clock.now().getTime() < Date.parse("2026-01-01T00:10:00Z"), h.clock.now().toISOString());
    assert.equal(calls("load").length, 1);
    // All of them need it, and it is read for the first and after the table was made.
    assert.equal(calls("catalog").length, 2);
  });

  it("stays in a hurry while somebody waits for the end, though nothing is in hand for a moment", async () => {
    const h = harness({ loader: { batch_age_seconds: 3_600 } });
    const [first, second, late] = await Promise.all(
      ["/1", "/2", "/3"].map((key) => h.put({ key, types: { t: numbered(1) } })),
    );
    // The end is not seen before this.
    const looked = Promise.withResolvers<void>();
    const warehouse = Object.assign(Object.create(h.counted), {
      pending: async (...args: Parameters<typeof h.counted.pending>) => {
        await looked.promise;
        return h.counted.pending(...args);
      },
    });
    await using loader = h.loader({ warehouse });
    await loader.start();
    await h.announce(first!);
    await h.until("the first is in hand", () => loader.status.receipts === 1);
    loader.flush();
    let isIdle = false;
    const idle = loader.whenIdle().then(() => (isIdle = true));
    await h.until("nothing is in hand", () => loader.status.receipts === 0);
    await h.announce(second!);
    await h.advance(60_000);
    assert.deepEqual(storedLines(h.warehouse), [first!, second!].flatMap(linesOf).sort());
    looked.resolve();
    await h.until("the end is seen", () => isIdle);
    await idle;

    // Now it is calm again.
    await h.announce(late!);
    await h.advance(60_000);
    assert.equal(stateOf(h.warehouse, late!), "loading");
  });

  it("puts no more tables into one load than the warehouse takes", async () => {
    const h = harness();
    const types = Object.fromEntries(Array.from({ length: 7 }, (_, n) => [`t${n}`, numbered(1)]));
    const source = await h.put({ key: "/a", types });
    const { warehouse, calls } = recordingWarehouse(h.counted);
    await h.announce(source);
    await using loader = h.loader({
      warehouse: Object.assign(Object.create(warehouse), { maxTablesPerLoad: 3 }),
    });

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    for (const { tables } of jobsOf(calls("load"))) assert.ok(tables.length <= 3, String(tables.length));
  });

  it("gives every table its turn when each load carries some only", async () => {
    const h = harness({ loader: { batch_bytes: 1, concurrent_loads: 1, max_commits_per_minute: 60 } });
    const types = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`t${n}`, numbered(1)]));
    const sources = await Promise.all([1, 2, 3].map((n) => h.put({ key: `/${n}`, types })));
    const { warehouse, calls } = recordingWarehouse(h.counted);
    await h.announce(...sources);
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), sources.flatMap(linesOf).sort());
    const order = jobsOf(calls("load")).map((job) => job.tables[0]!.plan.table);
    assert.deepEqual(new Set(order.slice(0, 12)).size, 12);
  });
});
