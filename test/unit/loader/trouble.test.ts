import assert from "node:assert/strict";
import { SOURCE_ROW_PENDING } from "../../../services/loader/receipt-desk.ts";
import { recordingWarehouse } from "../../../shared/adapters/memory/recording-warehouse.ts";
import { readQuarantine } from "../../../shared/contracts/quarantine.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { LoadJob, LoadResult, Warehouse } from "../../../shared/ports/warehouse.ts";
import { BUCKET, harness, linesOf, numbered, stateOf, storedLines, type Harness } from "./harness.ts";

/** The harness's warehouse with one operation replaced. */
function withLoad(
  h: Harness,
  load: (job: LoadJob, next: () => Promise<LoadResult>, signal?: AbortSignal) => Promise<LoadResult>,
): Warehouse {
  return new Proxy(h.counted, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property !== "load") return value;
      return (job: LoadJob, signal?: AbortSignal) => load(job, () => target.load(job, signal), signal);
    },
  });
}

function hasTable(job: LoadJob, table: string): boolean {
  return job.tables.some(({ plan }) => plan.table === table);
}

const refuse = (line: string): string | undefined =>
  /"n":(7|23|24)\b/.test(line) ? "no such value" : undefined;

const broken = (): RouterError => new RouterError("WAREHOUSE_FAILED", "disk on fire");

describe("loader in trouble", () => {
  it("loads the other tables when one fails, and holds only its units back", async () => {
    const h = harness();
    const sources = await Promise.all(
      [1, 2].map((n) => h.put({ key: `/${n}`, types: { good: numbered(2), bad: numbered(1) } })),
    );
    await h.announce(...sources);
    const warehouse = withLoad(h, async (job, next) => {
      if (hasTable(job, "bad")) throw broken();
      return await next();
    });
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.until("the good table", () => storedLines(h.warehouse).length === 4, 60);

    assert.deepEqual(
      storedLines(h.warehouse),
      sources
        .flatMap(linesOf)
        .filter((line) => line.endsWith("good"))
        .sort(),
    );
    assert.equal(stateOf(h.warehouse, sources[0]!), "loading");
    assert.equal((await h.queue.depth()).inFlight, 2);
  });

  it("writes what is left to pending after hold, settles the message, and loads it when the table recovers", async () => {
    const h = harness({ loader: { hold_seconds: 600, retry_seconds: 60 } });
    const source = await h.put({ key: "/a", types: { good: numbered(2), bad: numbered(1) } });
    await h.announce(source);
    let isBroken = true;
    const warehouse = withLoad(h, async (job, next) => {
      if (isBroken && hasTable(job, "bad")) throw broken();
      return await next();
    });
    await using loader = h.loader({ warehouse });
    await loader.start();
    await h.until("hold", async () => (await h.queue.depth()).inFlight === 0, 700);

    assert.ok(h.clock.now().getTime() >= Date.parse("2026-01-01T00:10:00Z"));
    const pending = await h.warehouse.pending({ limit: 10 });
    assert.deepEqual(pending.map(({ eventType }) => eventType).sort(), [SOURCE_ROW_PENDING, "bad"]);
    assert.equal(pending.find(({ eventType }) => eventType === "bad")!.lastError, "disk on fire");
    assert.equal(loader.status.receipts, 0);

    await h.until(
      "a second attempt",
      async () => (await h.warehouse.pending({ limit: 1 }))[0]!.attempts === 2,
      600,
    );
    isBroken = false;
    await h.until("the rest", () => stateOf(h.warehouse, source) === "loaded", 3_600);
    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    await h.until("empty pending", async () => (await h.warehouse.pending({ limit: 1 })).length === 0, 1);
  });

  it("settles the source of pending units that were loaded by a process which then died", async () => {
    const h = harness();
    const source = await h.put({ key: "/a", types: { a: numbered(1) } });
    await h.announce(source);
    await using first = h.loader();
    await first.start();
    await h.untilDone(first);
    const now = h.clock.now();
    // As it would be had the process died between the load and settling.
    h.warehouse.ledger.sources.set(`${source.id}/0`, {
      ...h.warehouse.ledger.sources.get(`${source.id}/0`)!,
      state: "loading",
    });
    const row = {
      sourceId: source.id,
      generation: 0,
      receiptKey: source.receiptKey,
      attempts: 1,
      lastError: "",
      since: now,
    };
    await h.warehouse.putPending([
      { ...row, eventType: SOURCE_ROW_PENDING, nextTry: now },
      { ...row, eventType: "a", nextTry: now },
    ]);

    await h.until("the row", () => stateOf(h.warehouse, source) === "loaded", 300);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    await h.until("empty pending", async () => (await h.warehouse.pending({ limit: 1 })).length === 0, 1);
  });

  it("does not let a table that hangs hold up the others", async () => {
    const h = harness({ loader: { concurrent_loads: 2 } });
    const hanging = await h.put({ key: "/hanging", types: { bad: numbered(1) } });
    let hangs = 0;
    const warehouse = withLoad(h, async (job, next, signal) => {
      if (!hasTable(job, "bad")) return await next();
      if (hangs++ === 0) throw broken();
      return await new Promise((_, reject) => signal!.addEventListener("abort", () => reject(broken())));
    });
    await h.announce(hanging);
    await using loader = h.loader({ warehouse });
    await loader.start();
    await h.until("the hanging load", () => hangs === 2, 60);

    const others = await Promise.all(
      [1, 2, 3].map((n) => h.put({ key: `/${n}`, types: { [`t${n}`]: numbered(1) } })),
    );
    await h.announce(...others);
    await h.until("the others", () => storedLines(h.warehouse).length === 3, 30);

    assert.deepEqual(storedLines(h.warehouse), others.flatMap(linesOf).sort());
    // And its message does not wait for ever.
    await h.until("its message", async () => (await h.queue.depth()).inFlight === 0, 700);
  });

  for (const when of ["before", "after"] as const) {
    it(`resolves a load whose answer never came, lost ${when} the commit, by asking the ledger`, async () => {
      const h = harness();
      const source = await h.put({ key: "/a", types: { a: numbered(3), b: numbered(1) } });
      await h.announce(source);
      let losses = 2;
      const warehouse = withLoad(h, async (_job, next) => {
        if (losses-- <= 0) return await next();
        if (when === "after") await next();
        throw new RouterError("WAREHOUSE_FAILED", "connection lost");
      });
      const { warehouse: recorded, calls } = recordingWarehouse(warehouse);
      await using loader = h.loader({ warehouse: recorded });

      await loader.start();
      await h.untilDone(loader);

      assert.deepEqual(storedLines(h.warehouse), linesOf(source));
      assert.equal(stateOf(h.warehouse, source), "loaded");
      assert.equal(calls("load").length, when === "after" ? 1 : 4);
    });
  }

  it("receives nothing while the warehouse is away, and goes on when it answers", async () => {
    const h = harness();
    const [first, second] = [
      await h.put({ key: "/1", types: { a: numbered(1) } }),
      await h.put({ key: "/2", types: { a: numbered(1) } }),
    ];
    let isAway = true;
    const away = new RouterError("WAREHOUSE_LOCKED", "held by process 4711", { retryable: true });
    const warehouse = new Proxy(h.counted, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function" || property === "prepare") return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (isAway) throw away;
          return (await Reflect.apply(value, target, args)) as unknown;
        };
      },
    });
    await h.announce(first);
    await using loader = h.loader({ warehouse });
    await loader.start();
    await h.until("the gate to close", () => !loader.status.isWarehouseUp, 60);
    await h.announce(second);
    await h.advance(1_800_000);

    assert.deepEqual(await h.queue.depth(), { visible: 1, inFlight: 1, delayed: 0, dead: 0 });
    assert.deepEqual(h.warnings, ["held by process 4711"]);
    isAway = false;
    await h.untilDone(loader);
    assert.deepEqual(storedLines(h.warehouse), [first, second].flatMap(linesOf).sort());
    assert.equal((await h.queue.depth()).dead, 0);
  });

  it("does not count a warehouse that goes away in the middle against the table", async () => {
    const h = harness();
    const source = await h.put({ key: "/a", types: { a: numbered(1) } });
    await h.announce(source);
    let losses = 1;
    const warehouse = withLoad(h, async (_job, next) => {
      if (losses-- > 0) throw new RouterError("WAREHOUSE_UNAVAILABLE", "gone", { retryable: true });
      return await next();
    });
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.equal(h.metrics.counter("loader_batches_total", { outcome: "unknown" }), 1);
  });

  for (const namesRefusedLines of [false, true]) {
    const how = namesRefusedLines ? "when the warehouse names them" : "by halving";
    it(`quarantines exactly the refused lines, found ${how}, and loads their neighbours`, async () => {
      const h = harness({ warehouse: { refuse, namesRefusedLines } });
      const good = await h.put({ key: "/good", types: { t: numbered(5, 100) } });
      const bad = await h.put({ key: "/bad", types: { t: numbered(40) }, linesPerPart: 9 });
      await h.announce(good, bad);
      await using loader = h.loader();

      await loader.start();
      await h.untilDone(loader);

      const refused = new Set([8, 24, 25].map((line) => `${bad.id} ${line} t`));
      const expected = [good, bad]
        .flatMap(linesOf)
        .filter((line) => !refused.has(line))
        .sort();
      assert.deepEqual(storedLines(h.warehouse), expected);
      const [row] = await h.warehouse.read.loads([bad.id]);
      assert.deepEqual([row!.rows, row!.rejected], [37, 3]);
      const keys = h.store.keys(BUCKET).filter((key) => key.startsWith("quarantine/"));
      assert.deepEqual(keys, [`quarantine/${bad.id}/${row!.batchId}/000000.ndjson.zst`]);
      const { body } = await h.store.get({ bucket: BUCKET, key: keys[0]! });
      const lines = [];
      for await (const { line, reason, raw } of readQuarantine(body))
        lines.push([line, reason, Buffer.from(raw).toString()]);
      assert.deepEqual(
        lines,
        [7, 23, 24].map((n) => [n + 1, "warehouse_refused", `{"n":${n}}`]),
      );
      assert.equal(h.metrics.counter("loader_lines_rejected_total"), 3);
    });
  }

  it("does not take a unit to pieces that is refused as a whole", async () => {
    const h = harness({ loader: { hold_seconds: 86_400 }, warehouse: { refuse: () => "never" } });
    const source = await h.put({ key: "/a", types: { t: numbered(300) } });
    await h.announce(source);
    await using loader = h.loader();

    await loader.start();
    await h.until("the receipt to be in hand", () => loader.status.units === 1);
    loader.flush();
    await h.until("three attempts", async () => (await h.queue.depth()).inFlight === 0);

    assert.deepEqual(
      h.store.keys(BUCKET).filter((key) => key.startsWith("quarantine/")),
      [],
    );
    const pending = await h.warehouse.pending({ limit: 10 });
    assert.match(
      pending.find(({ eventType }) => eventType === "t")!.lastError,
      /more than 100 lines of it are refused/,
    );
  });

  it("stages what a direct load refuses", async () => {
    const h = harness();
    const source = await h.put({ key: "/a", types: { t: numbered(3) } });
    await h.announce(source);
    const warehouse = withLoad(h, async (job, next) =>
      job.tables[0]!.plan.mode === "direct" ? { kind: "refused", reason: "too fast" } : await next(),
    );
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    const modes = h.log
      .filter(({ fields }) => String(fields["event"]).startsWith("batch_"))
      .map(({ fields }) => fields["event"]);
    assert.deepEqual(modes, ["batch_refused", "batch_loaded"]);
  });

  it("names a table differently when its name is taken by somebody else", async () => {
    const h = harness();
    h.warehouse.tables.hidden.add("orders");
    const source = await h.put({ key: "/a", types: { orders: numbered(1) } });
    await h.announce(source);
    await using loader = h.loader();

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.deepEqual([...h.warehouse.tables.rows.keys()], ["orders_2"]);
  });

  it("goes without a change of the table that never gets through, rescuing what has no column", async () => {
    const h = harness({ loader: { batch_age_seconds: 1 } });
    const [first, second] = [
      await h.put({ key: "/1", types: { t: [`{"a":1}`] } }),
      await h.put({ key: "/2", types: { t: [`{"a":2,"b":3}`] } }),
    ];
    let changes = 0;
    const warehouse = new Proxy(h.counted, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (property !== "change") return value;
        return async (...args: Parameters<Warehouse["change"]>) => {
          if (++changes > 1) throw new RouterError("WAREHOUSE_FAILED", "lock time-out");
          return await target.change(...args);
        };
      },
    });
    await using loader = h.loader({ warehouse });
    await loader.start();
    await h.announce(first);
    await h.untilDone(loader);

    await h.announce(second);
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), [first, second].flatMap(linesOf).sort());
    assert.equal(changes, 4);
    assert.deepEqual(await h.warehouse.read.rescuedPaths("t"), [{ path: '["b"]', values: 1 }]);
    assert.ok(
      h.warnings.some((warning) => warning.includes("table t: 1 value")),
      h.warnings.join("\n"),
    );
  });
});
