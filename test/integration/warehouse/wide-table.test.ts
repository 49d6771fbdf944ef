// The widest table there may be, loaded staged within the default memory and with more threads than cores.
import assert from "node:assert/strict";
import type { ColumnType } from "../../../shared/schema/types.ts";
import { newColumn } from "../../contract/warehouse-parts.ts";
import { tempWarehouse } from "./temp-warehouse.ts";

const TYPES: readonly ColumnType[] = ["integer", "double", "string(256)", "timestamptz", "json"];

describe("a table of 1,000 columns in DuckDB", function () {
  this.timeout(120_000);

  for (const mode of ["direct", "staged"] as const) {
    it(`is loaded ${mode} within 1 GiB, whatever the threads`, async () => {
      using temp = tempWarehouse({ memoryBytes: 1024 ** 3, threads: 16 });
      const columns = Array.from({ length: 1000 }, (_, at) =>
        newColumn(at % 3 === 0 ? [`k${at}`] : [`o${at % 40}`, `k${at}`], TYPES[at % TYPES.length]!, `c${at}`),
      );
      await temp.createTable("t", columns);

      const { result } = await temp.loadDocuments("t", mode, ['{"k0":1}', '{"o2":{"k2":"x"}}']);

      assert.equal(result.kind, "loaded", JSON.stringify(result));
      const rows = await temp.warehouse.read.sampleRows("t", 2);
      assert.equal(rows[0]!["c0"], 1);
      assert.equal(rows[1]!["c2"], "x");
    });
  }
});
