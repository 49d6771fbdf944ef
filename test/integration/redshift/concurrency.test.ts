// Several loaders on one warehouse, at both isolation levels that Redshift has: repeatable read stands for SNAPSHOT.
import assert from "node:assert/strict";
import type { LoadResult } from "../../../shared/ports/warehouse.ts";
import { slotOf } from "../../../shared/warehouse/redshift/slots.ts";
import { newColumn, sourceRow, tableChange, testSource, unitKeyOf } from "../../contract/warehouse-parts.ts";
import { openLoadBench, type LoadBench } from "./load-helpers.ts";

const N = [newColumn("n", "integer", "n")];

/** Event types of different slots. */
const TYPES = ["orders", "visits", "clicks", "errors", "logins", "a", "b", "c"];

for (const isolation of ["repeatable read", "serializable"] as const) {
  describe(`loaders at the same time on Redshift: ${isolation}`, function () {
    this.timeout(60_000);
    let context: LoadBench;

    before(async () => {
      context = await openLoadBench({ isolation });
      for (const type of TYPES) await context.bench.createTable(type, N);
    });
    after(() => context[Symbol.asyncDispose]());

    it("load a unit once", async () => {
      const { bench, warehouse } = context;
      const source = testSource("/logs/once.json");
      const units = await Promise.all(Array.from({ length: 5 }, () => bench.unit(source, "orders", 3)));
      const jobs = await Promise.all(units.map((unit) => context.job({ orders: [unit] })));

      const results = await Promise.all(jobs.map((job) => warehouse.load(job)));

      const kinds = Map.groupBy(results, ({ kind }: LoadResult) => kind);
      assert.deepEqual([kinds.get("loaded")?.length, kinds.get("blocked")?.length], [1, 4]);
      assert.equal((await bench.lines("orders")).filter((line) => line.startsWith(source.id)).length, 3);
    });

    it("take slots in one order, whatever the order of their tables", async () => {
      const { bench, warehouse, redshift } = context;
      assert.ok(new Set(TYPES.map((type) => slotOf(type, 4))).size > 2);
      const load = async (_: unknown, at: number) => {
        const source = testSource(`/logs/order-${at}.json`);
        const types = at % 2 === 0 ? TYPES : TYPES.toReversed();
        const units = await Promise.all(
          types.map(async (type) => [type, [await bench.unit(source, type, 2)]] as const),
        );
        return warehouse.load(await context.job(Object.fromEntries(units)));
      };

      const before = redshift.journal.length;
      const results = await Promise.all(Array.from({ length: 6 }, load));

      // A deadlock would be found by the server and the load sent again: right in the end, but it must not come to that.
      const sent = redshift.journal
        .slice(before)
        .filter(({ sqls }) => sqls.some((sql) => sql.startsWith("COPY lr_units")));
      if (isolation === "repeatable read") assert.equal(sent.length, 6);
      assert.deepEqual(
        results.map(({ kind }) => kind),
        Array(6).fill("loaded"),
        JSON.stringify(results),
      );
      for (const type of TYPES) {
        const rows = await warehouse.read.countRows(type);
        assert.ok(
          rows.every(({ rows, repeated }) => rows <= 3 && repeated === 0),
          JSON.stringify(rows),
        );
      }
    });

    it("load beside changes of other tables: stale is all that can happen", async () => {
      const { bench, warehouse } = context;
      const change = async (at: number) => {
        const { version } = await warehouse.catalog();
        return warehouse.change(version, [
          tableChange(`other_${at}`, { eventTypes: [`other_${at}`], addColumns: N }),
        ]);
      };
      const load = async (at: number) => {
        const unit = await bench.unit(testSource(`/logs/beside-${at}.json`), "visits", 2);
        return warehouse.load(await context.job({ visits: [unit] }, at % 2 === 0 ? "direct" : "staged"));
      };

      const results = await Promise.all([0, 1, 2, 3].flatMap((at) => [change(at), load(at)]));

      for (const { kind } of results) assert.ok(["applied", "stale", "loaded"].includes(kind), kind);
      assert.ok(results.some(({ kind }) => kind === "applied"));
    });

    it("never load an older source once a newer one has superseded it", async () => {
      const { bench, warehouse } = context;
      for (let round = 0; round < 4; round++) {
        const [old, newer] = [0, 1].map((version) => testSource(`/logs/race-${round}.json`, version));
        await warehouse.settleSources([sourceRow(old!, { state: "loading" })]);
        const job = await context.job({ clicks: [await bench.unit(old!, "clicks", 2)] });

        const [loaded, superseded] = await Promise.all([
          warehouse.load(job),
          warehouse.supersede(sourceRow(newer!, { state: "loading" })),
        ]);

        assert.equal(superseded.kind, "ready");
        const units = superseded.kind === "ready" ? superseded.units : [];
        // Either the load came first, and is told to be replaced, or it was blocked.
        const expected = loaded.kind === "loaded" ? [unitKeyOf(old!, "clicks")] : [];
        assert.deepEqual(units, expected, loaded.kind);
      }
    });

    it("settle two sources of one name one after the other", async () => {
      const { warehouse } = context;
      const rows = [0, 1].map((version) =>
        sourceRow(testSource("/logs/settled.json", version), { state: "loading" }),
      );

      const results = await Promise.all(rows.map((row) => warehouse.settleSources([row])));

      assert.equal(results.filter(({ conflicts }) => conflicts.length === 0).length, 1);
    });
  });
}
