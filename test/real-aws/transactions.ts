// Batches at the same time: slots, guard, count and ledger in one transaction, as DESIGN.md 4 has it.
import assert from "node:assert/strict";
import { newColumn, testSource } from "../contract/warehouse-parts.ts";
import type { OfTrial } from "./suite.ts";

const N = [newColumn("n", "integer", "n")];
/** Of more than one slot. */
const TYPES = ["lock_a", "lock_b", "lock_c", "lock_d"];
/** Redshift takes no notice of trailing blanks when it compares texts. */
const BLANKS = ["blanks", "blanks "];

export function transactions(trial: OfTrial): void {
  describe("transactions", () => {
    before(async () => {
      const { bench } = trial();
      for (const table of TYPES) await bench.createTable(table, N);
      await bench.createTable("blanks", N, { eventTypes: BLANKS });
    });

    const rowsOf = async (table: string): Promise<number> => {
      const counts = await trial().bench.warehouse.read.countRows(table);
      assert.ok(counts.every(({ repeated }) => repeated === 0));
      return counts.reduce((sum, { rows }) => sum + rows, 0);
    };

    it("load a unit once, whoever offers it at the same time", async () => {
      const { bench, job } = trial();
      const source = testSource("/logs/once.json");
      const unit = await bench.unit(source, "lock_a", 3);
      const jobs = await Promise.all([1, 2, 3].map(() => job({ lock_a: [unit] })));
      const results = await Promise.all(jobs.map((one) => bench.warehouse.load(one)));
      assert.deepEqual(results.map(({ kind }) => kind).toSorted(), ["blocked", "blocked", "loaded"]);
      assert.equal(await rowsOf("lock_a"), 3);
      assert.equal((await bench.warehouse.loadedUnits([unit])).length, 1);
    });

    it("take their slots in one order, whatever the order of their tables", async () => {
      const { bench, job } = trial();
      const loads = [0, 1, 2, 3].map(async (at) => {
        const source = testSource(`/logs/order-${at}.json`);
        const types = at % 2 === 0 ? TYPES : TYPES.toReversed();
        const units = await Promise.all(
          types.map(async (type) => [type, [await bench.unit(source, type, 2)]] as const),
        );
        return bench.warehouse.load(await job(Object.fromEntries(units)));
      });
      const results = await Promise.all(loads);
      assert.deepEqual(
        results.map(({ kind }) => kind),
        Array(4).fill("loaded"),
        JSON.stringify(results),
      );
      assert.equal(await rowsOf("lock_d"), 8);
    });

    it("load nothing when the parts have other lines than promised", async () => {
      const { bench, job } = trial();
      const source = testSource("/logs/short.json");
      const unit = { ...(await bench.unit(source, "lock_b", 3)), lines: 4 };
      const before = await rowsOf("lock_b");
      await assert.rejects(bench.warehouse.load(await job({ lock_b: [unit] })), {
        code: "ACCOUNTING_BROKEN",
      });
      assert.equal(await rowsOf("lock_b"), before);
      assert.deepEqual(await bench.warehouse.loadedUnits([unit]), []);
    });

    it("mark rows and ledger with the same time", async () => {
      const { rows, schema } = trial();
      const [row] =
        await rows(`SELECT COUNT(*), SUM(CASE WHEN l.loaded_at = r._lr_loaded_at THEN 1 ELSE 0 END)
        FROM ${schema}.lock_a r JOIN log_router.loads l ON l.source_id = r._lr_source AND l.table_name = 'lock_a'`);
      assert.ok(Number(row?.[0]) > 0);
      assert.equal(Number(row?.[1]), Number(row?.[0]));
    });

    it("tell event types apart that differ by a trailing blank only", async () => {
      const { bench, job } = trial();
      const source = testSource("/logs/blanks.json");
      for (const type of BLANKS) {
        const result = await bench.warehouse.load(await job({ blanks: [await bench.unit(source, type, 2)] }));
        assert.equal(result.kind, "loaded", JSON.stringify(result));
      }
      const counts = await bench.warehouse.read.countRows("blanks");
      assert.equal(
        counts.reduce((sum, { rows }) => sum + rows, 0),
        4,
      );
    });
  });
}
