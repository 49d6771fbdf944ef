// Somebody else in the way: a lock on one table is that table's affair, a warehouse that lets nobody in is everybody's.
import assert from "node:assert/strict";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { WAREHOUSE_SCOPE, type LoadJob, type Warehouse } from "../../../shared/ports/warehouse.ts";
import { harness, linesOf, numbered, stateOf, storedLines, type Harness } from "./harness.ts";

/** The harness's warehouse, where `refuse` may throw, or wait, before each operation. */
function guarded(
  h: Harness,
  refuse: (operation: string, args: readonly unknown[]) => void | Promise<void>,
): Warehouse {
  return new Proxy(h.counted, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]): Promise<unknown> => {
        await refuse(String(property), args);
        return (await Reflect.apply(value, target, args)) as unknown;
      };
    },
  });
}

const tablesOf = (job: LoadJob): string[] => job.tables.map(({ plan }) => plan.table);
const locked = (): RouterError =>
  new RouterError("TABLE_LOCKED", "statement timeout", { retryable: true, details: { kind: "timeout" } });

describe("loader and locks", () => {
  it("leaves a locked table alone: the others of its load go on, and the warehouse is not taken to be away", async () => {
    const h = harness({ loader: { hold_seconds: 600 } });
    const sources = await Promise.all(
      [1, 2, 3].map((n) => h.put({ key: `/${n}`, types: { free: numbered(2), stuck: numbered(1) } })),
    );
    await h.announce(...sources);
    let isLocked = true;
    const warehouse = guarded(h, (operation, [job]) => {
      if (operation === "load" && isLocked && tablesOf(job as LoadJob).includes("stuck")) throw locked();
    });
    await using loader = h.loader({ warehouse });
    await loader.start();
    await h.until("the free table", () => storedLines(h.warehouse).length === 6, 60);

    await h.until("the locked one in pending", async () => (await h.queue.depth()).inFlight === 0, 700);
    assert.ok(h.log.every(({ fields }) => fields["event"] !== "warehouse_away"));
    isLocked = false;
    await h.until("all", () => sources.every((source) => stateOf(h.warehouse, source) === "loaded"));
    assert.deepEqual(storedLines(h.warehouse), sources.flatMap(linesOf).sort());
    assert.equal((await h.queue.depth()).dead, 0);
  });

  for (const [what, refusal] of [
    ["the ledger is locked", locked()],
    [
      "credentials have expired",
      new RouterError("ACCESS_DENIED", "the credentials have expired", {
        retryable: true,
        details: { scope: WAREHOUSE_SCOPE },
      }),
    ],
  ] as const)
    it(`receives nothing while ${what}, however long, and gives no message up`, async () => {
      const h = harness();
      const [first, second] = [
        await h.put({ key: "/1", types: { a: numbered(1) } }),
        await h.put({ key: "/2", types: { a: numbered(1) } }),
      ];
      let isRefused = true;
      const warehouse = guarded(h, (operation) => {
        if (isRefused && operation !== "prepare") throw refusal;
      });
      await h.announce(first);
      await using loader = h.loader({ warehouse });
      await loader.start();
      await h.until("nothing to be received", () => !loader.status.isWarehouseUp, 60);
      await h.announce(second);
      await h.advance(3 * 3600 * 1000);

      assert.deepEqual(await h.queue.depth(), { visible: 1, inFlight: 1, delayed: 0, dead: 0 });
      isRefused = false;
      await h.untilDone(loader);
      assert.deepEqual(storedLines(h.warehouse), [first, second].flatMap(linesOf).sort());
      assert.equal((await h.queue.depth()).dead, 0);
    });

  it("takes up what went to pending while other units of its source were still being loaded", async () => {
    const h = harness({ loader: { hold_seconds: 600, retry_seconds: 60, concurrent_loads: 1 } });
    // More tables than share a load.
    const types = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`t${n}`, numbered(1)]));
    const source = await h.put({ key: "/1", types });
    await h.announce(source);
    let loads = 0;
    const warehouse = guarded(h, async (operation) => {
      // Longer than the message is held.
      if (operation === "load" && ++loads === 1) await h.clock.sleep(900_000);
    });
    await using loader = h.loader({ warehouse });
    await loader.start();
    await h.until("the message to go", async () => (await h.queue.depth()).inFlight === 0, 700);
    assert.deepEqual(storedLines(h.warehouse), []);

    await h.until("all of it", () => stateOf(h.warehouse, source) === "loaded", 3_000);
    assert.deepEqual(storedLines(h.warehouse), linesOf(source).sort());
    await h.until("nothing pending", async () => (await h.warehouse.pending({ limit: 10 })).length === 0);
  });

  it("keeps a message until what is left of it is in pending", async () => {
    const h = harness({ loader: { hold_seconds: 600, retry_seconds: 60 } });
    const source = await h.put({ key: "/1", types: { stuck: numbered(1) } });
    await h.announce(source);
    const mayWrite = Promise.withResolvers<void>();
    let isWriting = false;
    let failures = 0;
    const warehouse = guarded(h, async (operation) => {
      if (operation === "load") {
        failures++;
        throw locked();
      }
      if (operation === "putPending") {
        isWriting = true;
        await mayWrite.promise;
      }
    });
    await using loader = h.loader({ warehouse });
    await loader.start();
    await h.until("the hold to end", () => isWriting, 3_000);
    const before = failures;
    await h.until("a load to fail meanwhile", () => failures > before, 3_000);

    assert.equal((await h.queue.depth()).inFlight, 1);
    mayWrite.resolve();
    await h.until("the message to go", async () => (await h.queue.depth()).inFlight === 0);
    assert.equal((await h.warehouse.pending({ limit: 10 })).length, 2);
  });
});
