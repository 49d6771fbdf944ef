import assert from "node:assert/strict";
import {
  recordingWarehouse,
  type WarehouseCall,
} from "../../../shared/adapters/memory/recording-warehouse.ts";
import type { LoadJob } from "../../../shared/ports/warehouse.ts";
import { harness, linesOf, numbered, putSource, stateOf, storedLines } from "./harness.ts";

function isJob(value: unknown): value is LoadJob {
  return typeof value === "object" && value !== null && "tables" in value;
}

function jobsOf(calls: readonly WarehouseCall[]): LoadJob[] {
  return calls.flatMap(({ args }) => args.filter(isJob));
}

describe("loader", () => {
  it("loads every line of every type into a table of its own, settles source and message", async () => {
    const h = harness();
    const source = await h.put({
      key: "/logs/a.gz",
      types: {
        order_created: [`{"id":1,"price":1.5}`, `{"id":2,"note":"x"}`],
        "User Login": [`{"ip":"::1"}`],
      },
    });
    await h.announce(source);
    await using loader = h.loader();

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.equal(stateOf(h.warehouse, source), "loaded");
    assert.deepEqual(await h.warehouse.read.sampleRows("order_created", 1), [
      {
        _lr_source: source.id,
        _lr_line: 1,
        _lr_event_type: "order_created",
        _lr_rescued: null,
        id: 1,
        note: null,
        price: 1.5,
      },
    ]);
    assert.equal((await h.queue.depth()).dead, 0);
    assert.equal(h.metrics.counter("loader_lines_loaded_total"), 3);
    assert.equal(h.settledRows.length, 1);
  });

  it("puts the units of many sources into one load when they come within the batch's age", async () => {
    const h = harness();
    const { warehouse, calls } = recordingWarehouse(h.counted);
    const sources = await Promise.all(
      [1, 2, 3].map((n) => h.put({ key: `/logs/${n}`, types: { a: numbered(2), b: numbered(1) } })),
    );
    await h.announce(...sources);
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), sources.flatMap(linesOf).sort());
    assert.equal(calls("load").length, 1);
    const job = jobsOf(calls("load"))[0]!;
    assert.deepEqual(
      job.tables.map(({ plan, units }) => [plan.table, units.length]),
      [
        ["a", 3],
        ["b", 3],
      ],
    );
    assert.ok(h.clock.now().getTime() >= Date.parse("2026-01-01T00:00:09Z"));
  });

  it("fires the age timer without new traffic, and not before", async () => {
    const h = harness({ loader: { batch_age_seconds: 100 } });
    const source = await h.put({ key: "/a", types: { a: numbered(1) } });
    await h.announce(source);
    await using loader = h.loader();
    await loader.start();

    await h.advance(90_000);
    assert.deepEqual(storedLines(h.warehouse), []);
    await h.advance(10_000);
    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
  });

  it("closes a batch by parts before its age", async () => {
    const h = harness({ loader: { batch_age_seconds: 3600, batch_parts: 3 } });
    const sources = await Promise.all(
      [1, 2, 3].map((n) => h.put({ key: `/${n}`, types: { a: numbered(1) } })),
    );
    await h.announce(...sources);
    await using loader = h.loader();

    await loader.start();
    await h.advance(1_000);

    assert.deepEqual(storedLines(h.warehouse), sources.flatMap(linesOf).sort());
  });

  it("closes a batch by bytes before its age", async () => {
    const h = harness({ loader: { batch_age_seconds: 3600, batch_bytes: 1 } });
    const source = await h.put({ key: "/a", types: { a: numbered(1) } });
    await h.announce(source);
    await using loader = h.loader();

    await loader.start();
    await h.advance(1_000);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
  });

  it("settles sources without lines, failed and ignored ones by their row alone", async () => {
    const h = harness();
    const empty = await h.put({ key: "/empty", types: {} });
    const failure = { code: "SOURCE_CORRUPT", message: "broken off", after_line: 3, after_byte: 90 };
    const failed = await h.put({ key: "/failed", types: {}, over: { state: "failed", failure } });
    const ignored = await h.put({ key: "/ignored", types: {}, over: { state: "ignored" } });
    await h.announce(empty, failed, ignored);
    await using loader = h.loader();

    await loader.start();
    await h.untilDone(loader);

    assert.equal(stateOf(h.warehouse, empty), "loaded");
    assert.equal(stateOf(h.warehouse, failed), "failed");
    assert.equal(stateOf(h.warehouse, ignored), "ignored");
    assert.equal(
      h.warehouse.ledger.sources.get(`${failed.id}/0`)?.reason,
      "SOURCE_CORRUPT: broken off, after line 3, byte 90",
    );
  });

  it("joins a redelivered receipt to the work in hand, and loads a settled one no second time", async () => {
    const h = harness();
    const { warehouse, calls } = recordingWarehouse(h.counted);
    const source = await h.put({ key: "/a", types: { a: numbered(3) } });
    await h.announce(source, source);
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);
    await h.announce(source);
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.equal(calls("load").length, 1);
  });

  it("sends what is not ours to the dead letters, and what may succeed later back", async () => {
    const h = harness();
    await h.queue.send(["{}", `{"Event":"s3:TestEvent"}`]);
    const bad = await h.put({ key: "/bad", types: { a: numbered(1) } });
    await h.store.put(
      { bucket: "routed", key: bad.receiptKey },
      Buffer.from(`{"format":"log-router/receipt","version":1}`),
    );
    const newer = await h.put({ key: "/newer", types: { a: numbered(1) } });
    const text = JSON.stringify({ ...newer.receipt, version: 2 });
    await h.store.put({ bucket: "routed", key: newer.receiptKey }, Buffer.from(text));
    await h.announce(bad, newer);
    await using loader = h.loader();

    await loader.start();
    await h.until("three dead letters", async () => (await h.queue.depth()).dead === 3);

    const dead = await h.queue.deadLetters(10);
    const invalid = dead.find(({ body }) => body.includes(bad.id))!;
    assert.equal(invalid.receiveCount, 1);
    assert.match(invalid.reason!, /cannot be used/);
    const unknown = dead.find(({ body }) => body.includes(newer.id))!;
    assert.equal(unknown.receiveCount, 5);
    assert.match(unknown.reason!, /has version 2; this program reads version 1/);
  });

  it("loads a receipt of 5,000 types", async () => {
    const h = harness({ tables: { max_event_types: 100 }, loader: { batch_age_seconds: 1 } });
    const types = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`type ${n}`, [`{"n":${n}}`]]));
    const source = await putSource(h.store, { key: "/many", types });
    await h.announce(source);
    await using loader = h.loader();

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.equal(h.warehouse.tables.rows.size, 101);
    assert.equal(h.warnings.filter((warning) => warning.includes("max_event_types")).length, 1);
  });

  it("gives no tables to event types that overflowed, however few there are yet", async () => {
    const h = harness({ tables: { max_event_types: 200 }, loader: { batch_age_seconds: 1 } });
    const types = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`type ${n}`, [`{"n":${n}}`]]));
    await h.announce(await putSource(h.store, { key: "/many", types }));
    let widest = 0;
    const { warehouse } = h;
    const load = warehouse.load.bind(warehouse);
    // The batch of the catch-all table is loaded before most others have theirs.
    warehouse.load = (job, signal) => {
      widest = Math.max(widest, job.tables.length);
      return load(job, signal);
    };
    await using loader = h.loader();

    await loader.start();
    await h.untilDone(loader);

    assert.ok(widest <= 50, `a load of ${widest} tables`);
    assert.equal(h.warehouse.tables.rows.size, 201);
  });

  it("does nothing further after abort, and gives its messages back", async () => {
    const h = harness();
    const source = await h.put({ key: "/a", types: { a: numbered(1) } });
    await h.announce(source);
    const loader = h.loader();
    await loader.start();
    await h.until("the receipt to be in hand", () => loader.status.units === 1);

    await loader.abort();

    assert.equal(loader.status.state, "stopped");
    assert.deepEqual(storedLines(h.warehouse), []);
    assert.equal((await h.queue.depth()).visible, 1);
    assert.equal(h.clock.sleeping, 0);
    await using next = h.loader();
    await next.start();
    await h.untilDone(next);
    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
  });

  it("loads what is in hand when it drains, without waiting for the batch's age", async () => {
    const h = harness({ loader: { batch_age_seconds: 3600 } });
    const source = await h.put({ key: "/a", types: { a: numbered(1) } });
    await h.announce(source);
    const loader = h.loader();
    await loader.start();
    await h.until("the receipt to be in hand", () => loader.status.units === 1);

    const drained = loader.drain();
    await h.until("the end", () => loader.status.state === "stopped", 10);
    await drained;

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.deepEqual(await h.queue.depth(), { visible: 0, inFlight: 0, delayed: 0, dead: 0 });
    assert.equal(h.clock.sleeping, 0);
  });

  it("is idle once everything is settled, and at once after a flush", async () => {
    const h = harness({ loader: { batch_age_seconds: 3600 } });
    const source = await h.put({ key: "/a", types: { a: numbered(1) } });
    await h.announce(source);
    await using loader = h.loader();
    await loader.start();
    await h.until("the receipt to be in hand", () => loader.status.units === 1);
    let isIdle = false;
    const idle = loader.whenIdle().then(() => (isIdle = true));

    await h.advance(60_000);
    assert.equal(isIdle, false);
    loader.flush();
    await h.until("idleness", () => isIdle, 5);
    await idle;

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.equal((await h.queue.depth()).inFlight, 0);
  });
});
