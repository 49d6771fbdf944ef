// Contract of the warehouse, third part: sources, pending units and the reads of the verbs.
import assert from "node:assert/strict";
import type { PendingRow, SourceRow, UnitKey } from "../../shared/ports/warehouse.ts";
import { waitFor } from "../helpers/wait-for.ts";
import type { OpenWarehouse, WarehouseHarness } from "./warehouse-harness.ts";
import { WarehouseBench } from "./warehouse-harness.ts";
import type { TestSource } from "./warehouse-parts.ts";
import {
  compressPart,
  loadUnit,
  newColumn,
  partLine,
  sourceRow,
  testSource,
  unitKeyOf,
} from "./warehouse-parts.ts";

const stateOf = ({ sourceId, generation, state }: SourceRow): string =>
  `${sourceId.slice(0, 4)}/${generation} ${state}`;

const textOf = (units: readonly UnitKey[]): string[] =>
  units.map(({ sourceId, generation, eventType }) => `${sourceId}/${generation} ${eventType}`).sort();
const at = (minute: number): Date => new Date(Date.UTC(2026, 5, 1, 12, minute));

const pending = (source: TestSource, over: Partial<PendingRow> = {}): PendingRow => ({
  ...unitKeyOf(source, "orders"),
  receiptKey: `receipts/${source.id}/0.json`,
  attempts: 1,
  lastError: "it's down",
  nextTry: at(0),
  since: at(0),
  ...over,
});

export function ledgerContract(open: OpenWarehouse): void {
  let harness: WarehouseHarness;
  let bench: WarehouseBench;
  const old = testSource("/logs/a.json", 0);
  const middle = testSource("/logs/a.json", 1);
  const newer = testSource("/logs/a.json", 2);
  const other = testSource("/logs/b.json", 0);

  beforeEach(async () => {
    harness = await open({ rewriteRows: 1000, foreignTables: [] });
    await harness.warehouse.prepare();
    bench = new WarehouseBench(harness);
    await bench.createTable("orders", [newColumn("n", "integer", "n")]);
  });
  afterEach(() => harness[Symbol.asyncDispose]());

  const states = async (): Promise<string[]> =>
    (await bench.warehouse.findSources({ names: [old, other].map(({ key }) => ({ bucket: "local", key })) }))
      .map(stateOf)
      .sort();
  const stated = (...rows: readonly (readonly [typeof old, number, string])[]): string[] =>
    rows.map(([{ id }, generation, state]) => `${id.slice(0, 4)}/${generation} ${state}`).sort();

  /** The old source has a unit in the ledger and is still loading. */
  async function loadOld(): Promise<void> {
    await bench.warehouse.settleSources([sourceRow(old, { state: "loading" })]);
    await bench.load("orders", [await bench.unit(old, "orders", 2), await bench.unit(other, "orders", 1)]);
  }

  describe("sources", () => {
    it("come back as they were settled, by id and by name", async () => {
      const rows = [
        sourceRow(old, { reason: 'it\'s "why"', state: "failed", bytes: 2 ** 50 }),
        sourceRow(other, { onOverwrite: "append", normalised: 0 }),
      ];
      assert.deepEqual(await bench.warehouse.settleSources(rows), { conflicts: [] });

      assert.deepEqual(await bench.warehouse.findSources({ ids: [old.id, "absent"] }), [rows[0]]);
      assert.deepEqual(await bench.warehouse.findSources({ names: [{ bucket: "local", key: other.key }] }), [
        rows[1],
      ]);
      assert.deepEqual(
        await bench.warehouse.findSources({ names: [{ bucket: "else", key: other.key }] }),
        [],
      );
      assert.deepEqual(await bench.warehouse.findSources({ ids: [] }), []);
    });

    it("go from loading to loaded, and not back", async () => {
      await bench.warehouse.settleSources([sourceRow(old, { state: "loading" })]);
      await bench.warehouse.settleSources([sourceRow(old, { lines: 77 })]);
      await bench.warehouse.settleSources([sourceRow(old, { state: "loading" })]);

      assert.deepEqual(await states(), stated([old, 0, "loaded"]));
      assert.equal((await bench.warehouse.findSources({ ids: [old.id] }))[0]!.lines, 77);
    });

    it("of one name conflict until the older is superseded", async () => {
      await bench.warehouse.settleSources([sourceRow(old, { state: "loading" })]);
      const row = sourceRow(middle, { state: "loading" });

      const before = await bench.warehouse.settleSources([row, sourceRow(other)]);
      assert.deepEqual(before.conflicts, [row]);
      assert.deepEqual(await states(), stated([old, 0, "loading"], [other, 0, "loaded"]));

      assert.equal((await bench.warehouse.supersede(row)).kind, "ready");
      assert.deepEqual(await bench.warehouse.settleSources([sourceRow(middle)]), { conflicts: [] });
      assert.deepEqual(
        await states(),
        stated([old, 0, "replaced"], [middle, 0, "loaded"], [other, 0, "loaded"]),
      );
    });

    it("that are settled together conflict as if one after the other", async () => {
      const rows = [sourceRow(old), sourceRow(middle)];

      const { conflicts } = await bench.warehouse.settleSources(rows);

      assert.deepEqual(conflicts, [rows[1]]);
    });

    it("that are blocked or replaced are not settled as loaded", async () => {
      await bench.warehouse.settleSources([sourceRow(middle)]);
      const late = sourceRow(old);

      assert.deepEqual((await bench.warehouse.settleSources([late])).conflicts, [late]);
      const replaced = sourceRow(old, { state: "replaced" });
      assert.deepEqual(await bench.warehouse.settleSources([replaced]), { conflicts: [] });
      assert.deepEqual((await bench.warehouse.settleSources([late])).conflicts, [late]);
      assert.deepEqual(await states(), stated([old, 0, "replaced"], [middle, 0, "loaded"]));
    });

    it("that append stand beside each other", async () => {
      const rows = [old, middle].map((source) => sourceRow(source, { onOverwrite: "append" }));

      assert.deepEqual(await bench.warehouse.settleSources(rows), { conflicts: [] });
    });

    it("that ignore conflict where another one is loaded", async () => {
      await bench.warehouse.settleSources([sourceRow(old, { onOverwrite: "ignore" })]);
      const row = sourceRow(middle, { onOverwrite: "ignore", state: "loading" });

      assert.deepEqual((await bench.warehouse.settleSources([row])).conflicts, [row]);
      const ignored = sourceRow(middle, { onOverwrite: "ignore", state: "ignored" });
      assert.deepEqual(await bench.warehouse.settleSources([ignored]), { conflicts: [] });
    });
  });

  describe("superseding", () => {
    it("gives the units to replace, blocks the older source, and can be asked again", async () => {
      await loadOld();
      const row = sourceRow(middle, { state: "loading" });

      const first = await bench.warehouse.supersede(row);
      const again = await bench.warehouse.supersede(row);

      assert.deepEqual(first.kind === "ready" && textOf(first.units), textOf([unitKeyOf(old, "orders")]));
      assert.deepEqual(again, first);
      assert.deepEqual(await states(), stated([old, 0, "replaced"], [middle, 0, "loading"]));
      const late = await bench.load("orders", [await bench.unit(old, "visits", 1)]);
      assert.equal(late.kind, "blocked");
    });

    it("gives no unit that is replaced already", async () => {
      await loadOld();
      const row = sourceRow(middle, { state: "loading" });
      const { units } = await bench.warehouse.supersede(row).then((ready) => {
        assert.equal(ready.kind, "ready");
        return ready.kind === "ready" ? ready : { units: [] };
      });
      const replaced = await bench.load("orders", [
        await bench.unit(middle, "orders", 1, { replaces: units }),
      ]);
      assert.equal(replaced.kind, "loaded");

      assert.deepEqual(await bench.warehouse.supersede(row), { kind: "ready", units: [] });
      assert.deepEqual((await bench.lines("orders")).sort(), [`${middle.id}/1`, `${other.id}/1`].sort());
    });

    it("answers superseded where something newer is there", async () => {
      assert.equal((await bench.warehouse.supersede(sourceRow(newer))).kind, "ready");

      assert.deepEqual(await bench.warehouse.supersede(sourceRow(middle)), { kind: "superseded" });
      assert.deepEqual(await states(), stated([newer, 0, "loading"]));
    });

    it("of a lower generation of the same source gives its units", async () => {
      await loadOld();
      const row = sourceRow(old, { generation: 1, state: "loading", onOverwrite: "append" });

      const ready = await bench.warehouse.supersede(row);

      assert.deepEqual(ready.kind === "ready" && textOf(ready.units), textOf([unitKeyOf(old, "orders")]));
      assert.deepEqual(await states(), stated([old, 0, "replaced"], [old, 1, "loading"]));
      const late = await bench.load("orders", [await bench.unit(old, "visits", 1)]);
      assert.equal(late.kind, "blocked");
    });

    it("lets content that comes back replace what had replaced it", async () => {
      await loadOld();
      await bench.warehouse.supersede(sourceRow(middle));
      await bench.load("orders", [
        await bench.unit(middle, "orders", 1, { replaces: [unitKeyOf(old, "orders")] }),
      ]);
      await bench.warehouse.settleSources([sourceRow(middle)]);
      const back = { ...old, lastModified: newer.lastModified };

      const ready = await bench.warehouse.supersede(sourceRow(back, { generation: 1 }));

      assert.deepEqual(ready.kind === "ready" && textOf(ready.units), textOf([unitKeyOf(middle, "orders")]));
    });

    it("leaves sources alone that only appending ones follow", async () => {
      await loadOld();
      const row = sourceRow(middle, { onOverwrite: "append" });

      assert.deepEqual(await bench.warehouse.supersede(row), { kind: "ready", units: [] });
      assert.deepEqual(await states(), stated([old, 0, "loading"], [middle, 0, "loading"]));
    });
  });

  describe("pending units", () => {
    it("come back oldest first, the due ones if asked", async () => {
      const rows = [pending(newer, { nextTry: at(9) }), pending(old, { nextTry: at(3) }), pending(other)];
      await bench.warehouse.putPending(rows);

      assert.deepEqual(await bench.warehouse.pending({ limit: 10 }), [rows[2], rows[1], rows[0]]);
      assert.deepEqual(await bench.warehouse.pending({ limit: 10, dueBefore: at(3) }), [rows[2], rows[1]]);
      assert.deepEqual(await bench.warehouse.pending({ limit: 1 }), [rows[2]]);
      assert.equal(await bench.warehouse.read.pendingCount(), 3);
    });

    it("keep their first time when they are put again, and go when removed", async () => {
      await bench.warehouse.putPending([pending(old), pending(other)]);
      await bench.warehouse.putPending([pending(old, { attempts: 2, nextTry: at(5), since: at(5) })]);
      await bench.warehouse.removePending([unitKeyOf(other, "orders"), unitKeyOf(other, "absent")]);

      assert.deepEqual(await bench.warehouse.pending({ limit: 10 }), [
        pending(old, { attempts: 2, nextTry: at(5) }),
      ]);
    });

    it("are gone once they are loaded", async () => {
      await bench.warehouse.putPending([pending(old), pending(other)]);
      await bench.load("orders", [await bench.unit(old, "orders", 1)]);

      assert.deepEqual(await bench.warehouse.pending({ limit: 10 }), [pending(other)]);
      assert.equal(await bench.warehouse.read.pendingCount(), 1);
    });
  });

  describe("reads", () => {
    it("sum up tables over the units that are not replaced", async () => {
      const unit = await bench.unit(old, "orders", 3, { rejectedLines: [1] });
      await bench.load("orders", [unit, await bench.unit(other, "orders", 1)]);
      const replaces = [unitKeyOf(other, "orders")];
      await bench.load("orders", [await bench.unit(other, "orders", 5, { generation: 1, replaces })]);

      const [summary, ...rest] = await bench.warehouse.read.tableSummaries();

      const { lastLoadedAt, lastSourceAt, ...sums } = summary!;
      assert.ok(lastLoadedAt instanceof Date);
      assert.equal(lastSourceAt, undefined, "no source is in the ledger");
      assert.deepEqual(rest, []);
      assert.deepEqual(sums, {
        eventType: "orders",
        table: "orders",
        rows: 7,
        rejected: 1,
        rescued: 0,
        columns: 1,
        sources: 2,
      });
    });

    it("tell the age of the oldest source in a table's last load", async () => {
      const [first, second, third] = [0, 1, 2].map((age) => testSource(`/logs/age-${age}.json`, age));
      await bench.warehouse.settleSources([first!, second!, third!].map((source) => sourceRow(source)));
      await bench.load("orders", [await bench.unit(first!, "orders", 1)]);
      const { lastLoadedAt } = (await bench.warehouse.read.tableSummaries())[0]!;
      await waitFor("a later load to be later", () => new Date() > lastLoadedAt!);
      const last = [third!, second!].map((source) => bench.unit(source, "orders", 1));
      await bench.load("orders", await Promise.all(last));

      const [summary] = await bench.warehouse.read.tableSummaries();

      assert.deepEqual(summary?.lastSourceAt, sourceRow(second!).lastModified);
    });

    it("page through the sources", async () => {
      const rows = [old, other, newer].flatMap((source) =>
        [0, 1].map((generation) =>
          sourceRow(source, { generation, state: "failed", key: `${source.id}-${generation}` }),
        ),
      );
      await bench.warehouse.settleSources(rows);
      const seen: string[] = [];
      let after: { sourceId: string; generation: number } | undefined;
      for (;;) {
        const page = await bench.warehouse.read.sources({ limit: 4, ...(after ? { after } : {}) });
        seen.push(...page.map(stateOf));
        after = page.at(-1);
        if (page.length < 4) break;
      }

      const inOrder = rows.toSorted((x, y) =>
        x.sourceId === y.sourceId ? x.generation - y.generation : x.sourceId < y.sourceId ? -1 : 1,
      );
      assert.deepEqual(seen, inOrder.map(stateOf));
    });

    it("give the ledger's rows of sources", async () => {
      await bench.load("orders", [await bench.unit(old, "orders", 2), await bench.unit(other, "orders", 1)]);

      const rows = await bench.warehouse.read.loads([old.id, "absent"]);

      assert.deepEqual(
        rows.map(({ sourceId, table, rows }) => ({ sourceId, table, rows })),
        [{ sourceId: old.id, table: "orders", rows: 2 }],
      );
    });

    it("count many tables against the ledger, where the warehouse can", async function () {
      const { read } = bench.warehouse;
      if (!read.countTables) return;
      const lines = [1, 2, 2, 3].map((line) => partLine(old.id, line, "orders", '{"n":1}'));
      await bench.load("orders", [loadUnit(old, "orders", [await bench.rawPart(compressPart(lines), 4)])]);
      await bench.load("orders", [await bench.unit(other, "orders", 2)]);
      const replaces = [unitKeyOf(other, "orders")];
      await bench.load("orders", [await bench.unit(newer, "orders", 5, { replaces })]);

      const counted = await Array.fromAsync(read.countTables(["orders", "orders"]));

      const sources = [
        { sourceId: newer.id, rows: 5, repeated: 0, promised: 5 },
        { sourceId: old.id, rows: 4, repeated: 1, promised: 4 },
      ].toSorted((x, y) => (x.sourceId < y.sourceId ? -1 : 1));
      assert.deepEqual(counted, [
        { table: "orders", sources },
        { table: "orders", sources },
      ]);
    });

    it("count a table's rows by source and event type, and repeated ones", async () => {
      const lines = [1, 2, 2, 2, 3].map((line) => partLine(old.id, line, "orders", '{"n":1}'));
      const part = await bench.rawPart(compressPart(lines), 5);
      await bench.load("orders", [loadUnit(old, "orders", [part]), await bench.unit(other, "orders", 1)]);

      const counts = await bench.warehouse.read.countRows("orders");

      assert.deepEqual(
        counts.toSorted((x, y) => y.rows - x.rows),
        [
          { sourceId: old.id, eventType: "orders", rows: 5, repeated: 2 },
          { sourceId: other.id, eventType: "orders", rows: 1, repeated: 0 },
        ],
      );
    });
  });
}
