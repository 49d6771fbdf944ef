// How often an idle loader asks the warehouse: a Redshift Serverless workgroup pauses only while nobody does.
import assert from "node:assert/strict";
import type { PendingRow, Warehouse } from "../../../shared/ports/warehouse.ts";
import { harness, numbered, stateOf, type Harness } from "./harness.ts";

const HOUR = 3_600_000;

/** The warehouse with the times of its looks into `pending`, and of every call at all. */
function watched(h: Harness): { warehouse: Warehouse; looks: number[]; calls: string[] } {
  const looks: number[] = [];
  const calls: string[] = [];
  const warehouse = new Proxy(h.counted, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        calls.push(String(property));
        if (property === "pending") looks.push(h.clock.now().getTime());
        return Reflect.apply(value, target, args);
      };
    },
  });
  return { warehouse, looks, calls };
}

async function pass(h: Harness, ms: number, stepMs = 5_000): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) await h.advance(stepMs);
}

describe("looks into pending", () => {
  it("become rarer while nothing comes, up to the ceiling, and nothing else is asked of the warehouse", async () => {
    const h = harness({ loader: { retry_seconds: 60, idle_look_seconds: 3600 } });
    const { warehouse, looks, calls } = watched(h);
    await using loader = h.loader({ warehouse });
    await loader.start();
    await pass(h, 24 * HOUR, 60_000);

    // Without the ceiling's back-off it would be 1,900 looks.
    assert.ok(looks.length >= 24 && looks.length <= 42, `${looks.length} looks in a day`);
    const pauses = looks.slice(1).map((at, index) => at - looks[index]!);
    assert.ok(Math.max(...pauses) <= HOUR + 60_000, String(Math.max(...pauses)));
    assert.ok(
      pauses.slice(-3).every((pause) => pause >= HOUR / 2),
      String(pauses),
    );
    assert.deepEqual([...new Set(calls)].toSorted(), ["pending", "prepare"]);
  });

  it("are frequent again after a message", async () => {
    const h = harness({ loader: { retry_seconds: 60, idle_look_seconds: 3600 } });
    const { warehouse, looks } = watched(h);
    await using loader = h.loader({ warehouse });
    await loader.start();
    await pass(h, 6 * HOUR, 60_000);
    const before = looks.length;

    await h.announce(await h.put({ key: "late", types: { t: numbered(2) } }));
    await pass(h, 180_000);

    assert.ok(looks.length >= before + 2, `${looks.length - before} looks`);
  });

  it("come when a pending unit is due, however long nothing else has", async () => {
    const h = harness({ loader: { retry_seconds: 60, idle_look_seconds: 24 * 3600 } });
    const { warehouse, looks } = watched(h);
    const source = await h.put({ key: "pending", types: { t: numbered(3) } });
    const due = new Date(h.clock.now().getTime() + 5 * HOUR);
    const row: PendingRow = {
      sourceId: source.id,
      generation: 0,
      eventType: "t",
      receiptKey: source.receiptKey,
      attempts: 3,
      lastError: "for the test",
      nextTry: due,
      since: h.clock.now(),
    };
    await h.warehouse.prepare();
    await h.warehouse.putPending([row]);
    await using loader = h.loader({ warehouse });
    await loader.start();

    await pass(h, 5 * HOUR - 60_000, 60_000);
    assert.notEqual(stateOf(h.warehouse, source), "loaded");
    assert.ok(looks.length < 20, `${looks.length} looks`);
    await h.until("the pending unit", () => stateOf(h.warehouse, source) === "loaded", 180);
  });

  it("follow a unit that this loader has put there itself", async () => {
    const h = harness({ loader: { retry_seconds: 60, hold_seconds: 60, idle_look_seconds: 24 * 3600 } });
    const { warehouse } = watched(h);
    let isBroken = true;
    const load: Warehouse["load"] = async (job, signal) => {
      if (isBroken) throw new Error("disk on fire");
      return h.counted.load(job, signal);
    };
    await using loader = h.loader({
      warehouse: new Proxy(warehouse, {
        get: (target, property) => (property === "load" ? load : Reflect.get(target, property, target)),
      }),
    });
    await loader.start();
    await pass(h, 12 * HOUR, 60_000);
    const source = await h.put({ key: "held", types: { t: numbered(1) } });
    await h.announce(source);
    await h.until("pending", async () => (await h.warehouse.pending({ limit: 1 })).length > 0, 600);
    isBroken = false;
    await h.until("the held unit", () => stateOf(h.warehouse, source) === "loaded", 900);
  });
});
