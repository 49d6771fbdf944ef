// Contract of the warehouse, second part: the load's one transaction.
import assert from "node:assert/strict";
import { OTHER_EVENT_TYPE } from "../../shared/contracts/words.ts";
import type { LoadResult } from "../../shared/ports/warehouse.ts";
import type { OpenWarehouse, WarehouseHarness } from "./warehouse-harness.ts";
import { canonicalText, WarehouseBench } from "./warehouse-harness.ts";
import {
  compressPart,
  loadJob,
  loadPlan,
  loadUnit,
  newColumn,
  partLine,
  sourceRow,
  testSource,
  unitKeyOf,
} from "./warehouse-parts.ts";

const N = [newColumn("n", "integer", "n")];

export function loadingContract(open: OpenWarehouse): void {
  let harness: WarehouseHarness;
  let bench: WarehouseBench;
  const a = testSource("/logs/a.json");
  const b = testSource("/logs/b.json");

  beforeEach(async () => {
    harness = await open({ rewriteRows: 1000, foreignTables: [] });
    await harness.warehouse.prepare();
    bench = new WarehouseBench(harness);
    await bench.createTable("orders", N);
  });
  afterEach(() => harness[Symbol.asyncDispose]());

  /** Nothing of a failed load is to be seen. */
  async function assertNothingLoaded(): Promise<void> {
    assert.deepEqual(await bench.lines("orders"), []);
    assert.deepEqual(await bench.warehouse.read.loads([a.id, b.id]), []);
  }

  for (const mode of ["direct", "staged"] as const) {
    describe(mode, () => {
      it("loads several units of several tables, with their ledger rows", async () => {
        await bench.createTable("visits", N);
        const catalog = await bench.warehouse.catalog();
        const tables = [
          {
            plan: loadPlan(catalog, "orders", mode),
            units: [await bench.unit(a, "orders", 3), await bench.unit(b, "orders", 2)],
          },
          { plan: loadPlan(catalog, "visits", mode), units: [await bench.unit(a, "visits", 1)] },
        ];

        const result = await bench.warehouse.load(loadJob(catalog, harness.bucket, tables, "batch-7"));

        assert.equal(result.kind, "loaded");
        assert.deepEqual(result.kind === "loaded" && result.units, [
          { ...unitKeyOf(a, "orders"), table: "orders", rows: 3, rescued: 0 },
          { ...unitKeyOf(b, "orders"), table: "orders", rows: 2, rescued: 0 },
          { ...unitKeyOf(a, "visits"), table: "visits", rows: 1, rescued: 0 },
        ]);
        assert.equal((await bench.lines("orders")).length, 5);
        assert.deepEqual(await bench.documents("visits"), [canonicalText('{"n":1}')]);
        const [row] = await bench.warehouse.loadedUnits([unitKeyOf(a, "orders"), unitKeyOf(a, "absent")]);
        const { loadedAt, ...rest } = row!;
        assert.ok(Math.abs(loadedAt.getTime() - Date.now()) < 600_000);
        assert.deepEqual(rest, {
          ...unitKeyOf(a, "orders"),
          table: "orders",
          rows: 3,
          rejected: 0,
          rescued: 0,
          parts: 1,
          receiptKey: `receipts/${a.id}/0.json`,
          batchId: "batch-7",
          lane: "live",
        });
      });

      it("reads every frame of a part, zstd and gzip beside each other", async () => {
        const frames = (compression: "zstd" | "gzip", first: number): Uint8Array =>
          Buffer.concat(
            Array.from({ length: 40 }, (_, at) =>
              compressPart([partLine(a.id, first + at, "orders", `{"n":${at}}`)], compression),
            ),
          );
        const parts = [
          await bench.rawPart(frames("zstd", 1), 40, "zstd"),
          await bench.rawPart(frames("gzip", 41), 40, "gzip"),
        ];

        const result = await bench.load("orders", [loadUnit(a, "orders", parts)], mode);

        assert.equal(result.kind, "loaded", JSON.stringify(result));
        assert.equal(new Set(await bench.lines("orders")).size, 80);
      });

      it("leaves out rejected lines, and says how many", async () => {
        const unit = await bench.unit(a, "orders", 5, { rejectedLines: [2, 4] });

        const result = await bench.load("orders", [unit], mode);

        assert.equal(result.kind === "loaded" && result.units[0]!.rows, 3);
        assert.deepEqual(await bench.lines("orders"), [`${a.id}/1`, `${a.id}/3`, `${a.id}/5`]);
        assert.equal((await bench.warehouse.loadedUnits([unit]))[0]!.rejected, 2);
      });

      it("rolls back when the parts have other than the promised number of lines", async () => {
        const right = await bench.unit(a, "orders", 2);
        const wrong = { ...(await bench.unit(b, "orders", 3)), lines: 4 };

        await assert.rejects(bench.load("orders", [right, wrong], mode), { code: "ACCOUNTING_BROKEN" });

        await assertNothingLoaded();
      });

      it("rolls back when lines are missing in one unit and too many in another", async () => {
        const fewer = { ...(await bench.unit(a, "orders", 3)), lines: 2 };
        const more = { ...(await bench.unit(b, "orders", 3)), lines: 4 };

        await assert.rejects(bench.load("orders", [fewer, more], mode), { code: "ACCOUNTING_BROKEN" });

        await assertNothingLoaded();
      });

      it("refuses a line that is no JSON, and writes nothing", async () => {
        const lines = [partLine(a.id, 1, "orders", '{"n":1}'), '{"_lr_source": nonsense'];
        const part = await bench.rawPart(compressPart(lines), 2);

        const result = await bench.load("orders", [loadUnit(a, "orders", [part])], mode);

        assert.equal(result.kind, "refused");
        assert.ok(result.kind === "refused" && result.reason.length > 0);
        await assertNothingLoaded();
      });

      it("keeps what the line had rescued before", async () => {
        const rescued = String.raw`[{"p":"[\"n\",0]","t":["\"a","b\""]}]`;
        const part = await bench.part(a, "orders", ['{"n":1}'], { rescued });

        const result = await bench.load("orders", [loadUnit(a, "orders", [part])], mode);

        assert.equal(result.kind === "loaded" && result.units[0]!.rescued, 0);
        assert.deepEqual(await bench.warehouse.read.rescuedPaths("orders"), [{ path: '["n",0]', values: 1 }]);
      });
    });
  }

  it("loads a unit of no lines as a ledger row alone", async () => {
    const result = await bench.load("orders", [await bench.unit(a, "orders", 0)]);

    assert.equal(result.kind, "loaded");
    assert.equal((await bench.warehouse.loadedUnits([unitKeyOf(a, "orders")]))[0]!.rows, 0);
  });

  it("loads a unit once, whatever table it is planned for, and says which it has", async () => {
    const first = await bench.unit(a, "orders", 2);
    await bench.load("orders", [first]);
    await bench.createTable("elsewhere", N, { eventTypes: [] });

    const result = await bench.load("elsewhere", [first, await bench.unit(b, "orders", 1)]);

    assert.deepEqual(result, {
      kind: "blocked",
      alreadyLoaded: [unitKeyOf(a, "orders")],
      superseded: [],
    });
    assert.equal((await bench.lines("orders")).length, 2);
    assert.deepEqual(await bench.lines("elsewhere"), []);
    assert.deepEqual(await bench.warehouse.loadedUnits([unitKeyOf(b, "orders")]), []);
  });

  it("lets one of several concurrent loads of a unit win", async () => {
    const units = await Promise.all(Array.from({ length: 4 }, () => bench.unit(a, "orders", 3)));

    const results = await Promise.all(units.map((unit) => bench.load("orders", [unit])));

    const kinds = Map.groupBy(results, ({ kind }: LoadResult) => kind);
    assert.equal(kinds.get("loaded")?.length, 1);
    assert.equal(kinds.get("blocked")?.length, 3);
    assert.equal((await bench.lines("orders")).length, 3);
  });

  it("refuses a plan made from a stale catalog", async () => {
    const catalog = await bench.warehouse.catalog();
    const unit = await bench.unit(a, "orders", 1);
    await bench.createTable("visits", N);

    const plan = loadPlan(catalog, "orders", "direct");
    const result = await bench.warehouse.load(loadJob(catalog, harness.bucket, [{ plan, units: [unit] }]));

    assert.deepEqual(result, { kind: "stale" });
    await assertNothingLoaded();
  });

  it("does not load a lower generation after a higher one", async () => {
    await bench.load("orders", [await bench.unit(a, "orders", 1, { generation: 2 })]);

    const result = await bench.load("orders", [await bench.unit(a, "orders", 1, { generation: 1 })]);

    const superseded = [unitKeyOf(a, "orders", 1)];
    assert.deepEqual(result, { kind: "blocked", alreadyLoaded: [], superseded });
  });

  it("replaces the units it is told to, in whatever table they are", async () => {
    await bench.createTable("visits", N);
    const newer = testSource(a.key, 1);
    const old = [await bench.unit(a, "orders", 3), await bench.unit(b, "orders", 2)];
    await bench.load("orders", old);
    await bench.load("visits", [await bench.unit(a, "visits", 4)]);
    const replaces = [unitKeyOf(a, "orders"), unitKeyOf(a, "visits")];

    const result = await bench.load("orders", [await bench.unit(newer, "orders", 1, { replaces })]);

    assert.equal(result.kind, "loaded");
    assert.deepEqual(await bench.lines("visits"), []);
    assert.deepEqual(
      (await bench.lines("orders")).sort(),
      [`${b.id}/1`, `${b.id}/2`, `${newer.id}/1`].sort(),
    );
    const marks = await bench.warehouse.loadedUnits(replaces);
    assert.deepEqual(
      marks.map(({ replacedBy }) => replacedBy),
      [`${newer.id}/0`, `${newer.id}/0`],
    );
  });

  it("replaces the rows of a lower generation of the same source", async () => {
    await bench.load("orders", [await bench.unit(a, "orders", 3), await bench.unit(b, "orders", 1)]);
    const replaces = [unitKeyOf(a, "orders")];

    await bench.load("orders", [await bench.unit(a, "orders", 2, { generation: 1, replaces })]);

    assert.deepEqual((await bench.lines("orders")).sort(), [`${a.id}/1`, `${a.id}/2`, `${b.id}/1`].sort());
  });

  it("tells the lines of the shared type from those of other units of the source", async () => {
    await bench.createTable("other_events", [newColumn([], "json", "payload")], {
      eventTypes: [OTHER_EVENT_TYPE],
      catchAll: true,
    });
    const rare = async (generation: number, types: readonly string[], line: number) => {
      const lines = types.map((type, at) => partLine(a.id, line + at, type, `{"g":${generation}}`));
      const part = await bench.rawPart(compressPart(lines), lines.length);
      const replaces = generation === 0 ? [] : [unitKeyOf(a, OTHER_EVENT_TYPE)];
      return loadUnit(a, OTHER_EVENT_TYPE, [part], { generation, replaces });
    };
    const own = async (generation: number, type: string, line: number) => {
      const part = await bench.part(a, type, ["{}"], { firstLine: line });
      const replaces = generation === 0 ? [] : [unitKeyOf(a, type)];
      return loadUnit(a, type, [part], { generation, replaces });
    };
    const first = await bench.load("other_events", [await own(0, "x", 1), await rare(0, ["y", "z"], 2)]);
    assert.deepEqual(first.kind === "loaded" && first.units.map(({ eventType, rows }) => [eventType, rows]), [
      ["x", 1],
      [OTHER_EVENT_TYPE, 2],
    ]);

    // In the next generation y has parts of its own, and x has become one of the shared.
    await bench.load("other_events", [await own(1, "y", 2)]);
    const second = await bench.load("other_events", [await rare(1, ["x", "z"], 1)]);

    assert.equal(second.kind, "loaded", JSON.stringify(second));
    const counts = await bench.warehouse.read.countRows("other_events");
    assert.equal(
      counts.reduce((sum, { rows }) => sum + rows, 0),
      // Line 1 of unit x, generation 0, is still there: nobody has replaced that unit.
      4,
    );
  });

  describe("guard against newer sources", () => {
    const newer = testSource(a.key, 1);

    for (const [title, over, blocked] of [
      ["a newer source that replaces", {}, true],
      ["a newer source that was ignored because its content was there", { state: "ignored" as const }, true],
      ["a newer source that only appends", { onOverwrite: "append" as const }, false],
      ["a newer source that failed", { state: "failed" as const }, false],
      ["a newer source that is dead", { state: "dead" as const }, false],
    ] as const) {
      it(`${blocked ? "blocks" : "admits"} a unit beside ${title}`, async () => {
        await bench.warehouse.settleSources([sourceRow(newer, over)]);

        const result = await bench.load("orders", [await bench.unit(a, "orders", 1)]);

        const superseded = [unitKeyOf(a, "orders")];
        if (blocked) assert.deepEqual(result, { kind: "blocked", alreadyLoaded: [], superseded });
        else assert.equal(result.kind, "loaded");
      });
    }

    it("goes by source id when the times are equal", async () => {
      const sameTime = { ...b, key: a.key, lastModified: a.lastModified };
      const [low, high] = a.id < sameTime.id ? [a, sameTime] : [sameTime, a];
      await bench.warehouse.settleSources([sourceRow(high)]);

      const late = await bench.load("orders", [await bench.unit(low, "orders", 1)]);
      const current = await bench.load("orders", [await bench.unit(high, "orders", 1)]);

      assert.equal(late.kind, "blocked");
      assert.equal(current.kind, "loaded");
    });
  });

  it("probes without a trace, and without a guard", async () => {
    const { warehouse } = bench;
    if (!warehouse.probe) return;
    const catalog = await warehouse.catalog();
    const plan = loadPlan(catalog, "orders", "staged");
    const good = await bench.unit(a, "orders", 2);
    await bench.load("orders", [good]);
    const bad = loadUnit(b, "orders", [await bench.rawPart(compressPart(["{nonsense"]), 1)]);
    const probe = (units: readonly (typeof good)[], version = catalog.version) =>
      warehouse.probe!({
        ...loadJob(catalog, harness.bucket, [{ plan, units }]),
        catalogVersion: version,
      });

    const kinds = [await probe([good]), await probe([bad]), await probe([good], "another version")];

    assert.deepEqual(
      kinds.map(({ kind }) => kind),
      ["accepted", "refused", "stale"],
    );
    assert.equal((await bench.lines("orders")).length, 2);
    assert.equal((await warehouse.read.loads([a.id, b.id])).length, 1);
  });

  it("stops on a signal that has fired, and writes nothing", async () => {
    const catalog = await bench.warehouse.catalog();
    const plan = loadPlan(catalog, "orders", "direct");
    const job = loadJob(catalog, harness.bucket, [{ plan, units: [await bench.unit(a, "orders", 1)] }]);

    await assert.rejects(bench.warehouse.load(job, AbortSignal.abort(new Error("stop"))));

    await assertNothingLoaded();
  });

  it("fails for a part that is not there", async () => {
    const unit = await bench.unit(a, "orders", 1);
    const gone = { ...unit.parts[0]!, key: "parts/gone.ndjson.zst" };

    await assert.rejects(bench.load("orders", [{ ...unit, parts: [gone] }]));

    await assertNothingLoaded();
  });
}
