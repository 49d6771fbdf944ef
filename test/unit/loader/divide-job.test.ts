import assert from "node:assert/strict";
import fc from "fast-check";
import { divideTables } from "../../../services/loader/divide-job.ts";
import type { LoadJob } from "../../../shared/ports/warehouse.ts";
import { loadUnit, testSource } from "../../contract/warehouse-parts.ts";

const MIB = 1024 ** 2;

function jobTable(
  table: string,
  bytes: number,
  mode: "direct" | "staged" = "direct",
): LoadJob["tables"][number] {
  const part = { key: `parts/${table}`, bytes, lines: 1, compression: "zstd" as const };
  return {
    plan: { table, mode, columns: [], catchAll: false, exclude: [], hash: [] },
    units: [loadUnit(testSource("/a"), table, [part])],
  };
}

const namesOf = (groups: readonly (readonly LoadJob["tables"][number][])[]): string[][] =>
  groups.map((tables) => tables.map(({ plan }) => plan.table));

describe("tables of a job side by side", () => {
  it("are one load where there is little to load, or the warehouse gains nothing", () => {
    const small = [jobTable("a", MIB / 2), jobTable("b", MIB / 2)];
    const large = [jobTable("a", 10 * MIB), jobTable("b", 10 * MIB)];

    assert.deepEqual(divideTables(small, 4), [small]);
    assert.deepEqual(divideTables(large, 1), [large]);
    assert.deepEqual(divideTables([large[0]!], 4), [[large[0]!]]);
  });

  it("give each load about the same work, a staged table counting four times", () => {
    const tables = [jobTable("a", 3 * MIB), jobTable("b", 5 * MIB), jobTable("c", 2 * MIB, "staged")];

    assert.deepEqual(namesOf(divideTables(tables, 2)), [["c"], ["b", "a"]]);
  });

  it("are each in one load, and none is empty", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50 * MIB), { minLength: 1, maxLength: 60 }), fc.nat(8), (sizes, atOnce) => {
        const tables = sizes.map((bytes, at) => jobTable(`t${at}`, bytes));
        const groups = divideTables(tables, atOnce);

        assert.deepEqual(
          groups
            .flat()
            .map(({ plan }) => plan.table)
            .sort(),
          tables.map(({ plan }) => plan.table).sort(),
        );
        assert.ok(groups.length <= Math.max(1, atOnce));
        assert.ok(groups.every((group) => group.length > 0));
      }),
    );
  });
});
