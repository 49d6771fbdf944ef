import assert from "node:assert/strict";
import { sourceRow } from "../../../services/loader/source-row.ts";
import { recordingWarehouse } from "../../../shared/adapters/memory/recording-warehouse.ts";
import type { SourceRow } from "../../../shared/ports/warehouse.ts";
import { harness, linesOf, numbered, stateOf, storedLines, type Harness, type PutSource } from "./harness.ts";

const KEY = "/logs/orders.gz";

async function versions(h: Harness): Promise<{ a: PutSource; b: PutSource }> {
  const a = await h.put({ key: KEY, content: "a", at: 1, types: { kept: numbered(3), gone: numbered(2) } });
  const b = await h.put({
    key: KEY,
    content: "b",
    at: 2,
    types: { kept: numbered(2, 10), fresh: numbered(1) },
  });
  return { a, b };
}

/** Announces one after the other, each when the one before is settled. */
async function loadInOrder(h: Harness, ...sources: readonly PutSource[]): Promise<void> {
  await using loader = h.loader();
  await loader.start();
  for (const source of sources) {
    await h.announce(source);
    await h.untilDone(loader);
  }
}

describe("replacing sources", () => {
  it("deletes the older source's rows, those of types that have gone included", async () => {
    const h = harness();
    const { a, b } = await versions(h);

    await loadInOrder(h, a, b);

    assert.deepEqual(storedLines(h.warehouse), linesOf(b));
    assert.equal(stateOf(h.warehouse, a), "replaced");
    assert.equal(stateOf(h.warehouse, b), "loaded");
    const gone = await h.warehouse.loadedUnits([{ sourceId: b.id, generation: 0, eventType: "gone" }]);
    assert.deepEqual([gone[0]!.rows, gone[0]!.parts, gone[0]!.table], [0, 0, "gone"]);
    const older = await h.warehouse.read.loads([a.id]);
    assert.deepEqual(
      older.map(({ replacedBy }) => replacedBy),
      [`${b.id}/0`, `${b.id}/0`],
    );
  });

  it("settles an older source that comes late without loading it", async () => {
    const h = harness();
    const { a, b } = await versions(h);

    await loadInOrder(h, b, a);

    assert.deepEqual(storedLines(h.warehouse), linesOf(b));
    assert.equal(stateOf(h.warehouse, a), "replaced");
    assert.equal(h.settledRows.length, 2);
  });

  it("comes to the same when both are in hand at the same time", async () => {
    for (const order of [0, 1]) {
      const h = harness();
      const { a, b } = await versions(h);
      await h.announce(...(order === 0 ? [a, b] : [b, a]));
      await using loader = h.loader();

      await loader.start();
      await h.untilDone(loader);

      assert.deepEqual(storedLines(h.warehouse), linesOf(b));
      assert.deepEqual([stateOf(h.warehouse, a), stateOf(h.warehouse, b)], ["replaced", "loaded"]);
    }
  });

  it("deletes the older rows when the newer content has no lines at all", async () => {
    const h = harness();
    const { a } = await versions(h);
    const empty = await h.put({ key: KEY, content: "empty", at: 5, types: {} });

    await loadInOrder(h, a, empty);

    assert.deepEqual(storedLines(h.warehouse), []);
    assert.deepEqual([stateOf(h.warehouse, a), stateOf(h.warehouse, empty)], ["replaced", "loaded"]);
  });

  it("keeps the older rows when the newer content is corrupt", async () => {
    const h = harness();
    const { a } = await versions(h);
    const failure = { code: "SOURCE_CORRUPT", message: "broken off", after_line: 3, after_byte: 90 };
    const corrupt = await h.put({
      key: KEY,
      content: "c",
      at: 5,
      types: {},
      over: { state: "failed", failure },
    });

    await loadInOrder(h, a, corrupt);

    assert.deepEqual(storedLines(h.warehouse), linesOf(a));
    assert.deepEqual([stateOf(h.warehouse, a), stateOf(h.warehouse, corrupt)], ["loaded", "failed"]);
  });

  it("loads content that returns only if it had been replaced (A, B, A)", async () => {
    const types = { kept: numbered(3), gone: numbered(2) };
    for (const order of ["a b r", "b a r", "r a b", "r b a", "a r b", "b r a"]) {
      const h = harness();
      const { a, b } = await versions(h);
      const r = await h.put({ key: KEY, content: "a", at: 3, generation: 1, returned: true, types });
      const sources = new Map(Object.entries({ a, b, r }));

      await loadInOrder(h, ...order.split(" ").map((name) => sources.get(name)!));

      // Generation 0 and 1 have the same lines under the same source id.
      assert.deepEqual(storedLines(h.warehouse), linesOf(a), order);
      assert.equal(stateOf(h.warehouse, b), "replaced", order);
    }
  });

  it("does not load content again that was only touched", async () => {
    const h = harness();
    const { a } = await versions(h);
    const types = { kept: numbered(3), gone: numbered(2) };
    const touched = await h.put({ key: KEY, content: "a", at: 3, generation: 1, returned: true, types });
    const { warehouse, calls } = recordingWarehouse(h.counted);
    await loadInOrder(h, a);
    await using loader = h.loader({ warehouse });
    await loader.start();

    await h.announce(touched);
    await h.untilDone(loader);

    assert.equal(calls("load").length, 0);
    assert.deepEqual([stateOf(h.warehouse, a), stateOf(h.warehouse, touched)], ["loaded", "ignored"]);
    assert.match(h.warehouse.ledger.sources.get(`${a.id}/1`)!.reason!, /loaded as generation 0/);
  });

  it("loads content that returned when it is replaced between the look at the ledger and the settling", async () => {
    const h = harness();
    const { a, b } = await versions(h);
    const types = { kept: numbered(3), gone: numbered(2) };
    const returned = await h.put({ key: KEY, content: "a", at: 3, generation: 1, returned: true, types });
    await loadInOrder(h, a);
    let isFirst = true;
    const warehouse = new Proxy(h.counted, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (property !== "settleSources") return value;
        return async (rows: readonly SourceRow[]) => {
          if (isFirst) await target.supersede(sourceRow(b.receipt));
          isFirst = false;
          return await target.settleSources(rows);
        };
      },
    });
    await using loader = h.loader({ warehouse });
    await loader.start();

    await h.announce(returned);
    await h.untilDone(loader);

    assert.deepEqual(
      [a, b, returned].map((source) => stateOf(h.warehouse, source)),
      ["replaced", "replaced", "loaded"],
    );
    assert.deepEqual(storedLines(h.warehouse), linesOf(a));
  });

  it("replaces the rows of a lower generation, whichever comes first", async () => {
    for (const reversed of [false, true]) {
      const h = harness();
      const { a } = await versions(h);
      const forced = await h.put({
        key: KEY,
        content: "a",
        at: 1,
        generation: 1,
        types: { other: numbered(4) },
      });

      await loadInOrder(h, ...(reversed ? [forced, a] : [a, forced]));

      assert.deepEqual(storedLines(h.warehouse), linesOf(forced));
      assert.deepEqual([stateOf(h.warehouse, a), stateOf(h.warehouse, forced)], ["replaced", "loaded"]);
    }
  });

  it("salvages a failed source by its next generation", async () => {
    const h = harness();
    const failed = await h.put({ key: KEY, types: {}, over: { state: "failed" } });
    const salvaged = await h.put({
      key: KEY,
      generation: 1,
      types: { a: numbered(2) },
      over: { salvaged: true },
    });

    await loadInOrder(h, failed, salvaged);

    assert.deepEqual(storedLines(h.warehouse), linesOf(salvaged));
    assert.deepEqual([stateOf(h.warehouse, failed), stateOf(h.warehouse, salvaged)], ["replaced", "loaded"]);
  });

  it("keeps both under on_overwrite append, and the first under ignore", async () => {
    const h = harness();
    const put = (content: string, at: number, mode: "append" | "ignore") =>
      h.put({ key: `/${mode}`, content, at, types: { t: numbered(2) }, over: { on_overwrite: mode } });
    const [a1, a2] = [await put("1", 1, "append"), await put("2", 2, "append")];
    const [i1, i2] = [await put("1", 1, "ignore"), await put("2", 2, "ignore")];

    await loadInOrder(h, a1, a2, i1, i2);

    assert.deepEqual(storedLines(h.warehouse), [a1, a2, i1].flatMap(linesOf).sort());
    assert.equal(stateOf(h.warehouse, i2), "ignored");
    assert.match(h.warehouse.ledger.sources.get(`${i2.id}/0`)!.reason!, /on_overwrite is ignore/);
  });
});
