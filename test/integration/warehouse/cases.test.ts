// The cases table through both ways of loading into DuckDB.
import assert from "node:assert/strict";
import type { ColumnType } from "../../../shared/schema/types.ts";
import { newColumn } from "../../contract/warehouse-parts.ts";
import { CASE_TYPES } from "../../fixtures/cases/cases.ts";
import { casesOf, faultOf, type Row, tableOf, titleOf } from "./case-faults.ts";
import { tempWarehouse } from "./temp-warehouse.ts";

describe("cases table on DuckDB", () => {
  for (const mode of ["staged", "direct"] as const) {
    describe(mode, () => {
      const rows = new Map<ColumnType, readonly Row[]>();

      before(async () => {
        using temp = tempWarehouse();
        for (const type of CASE_TYPES) await temp.createTable(tableOf(type), [newColumn("x", type, "x")]);
        for (const type of CASE_TYPES) {
          const documents = casesOf(mode, type).map(({ json }) => `{"x":${json}}`);
          const { result } = await temp.loadDocuments(tableOf(type), mode, documents);
          assert.equal(result.kind, "loaded", `${type}: ${JSON.stringify(result)}`);
          rows.set(type, await temp.warehouse.read.sampleRows(tableOf(type), documents.length + 1));
        }
      });

      for (const type of CASE_TYPES) {
        it(`gives every value of ${type} the fate that the table says`, () => {
          const cases = casesOf(mode, type);
          assert.ok(cases.length > 0);
          assert.equal(rows.get(type)!.length, cases.length);

          const faults = cases.flatMap((test, at) => {
            const fault = faultOf(test, rows.get(type)![at]!);
            return fault === undefined ? [] : [`${titleOf(test)}: ${fault}`];
          });

          assert.deepEqual(faults, []);
        });
      }
    });
  }
});
