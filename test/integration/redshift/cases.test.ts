// The cases table through both ways of loading into Redshift.
import assert from "node:assert/strict";
import { digitCounts, parseDecimal } from "../../../shared/schema/decimal.ts";
import type { ColumnType } from "../../../shared/schema/types.ts";
import { newColumn } from "../../contract/warehouse-parts.ts";
import { type Case, CASE_TYPES } from "../../fixtures/cases/cases.ts";
import { casesOf, faultOf, type Row, tableOf, titleOf } from "../warehouse/case-faults.ts";
import { documentLoader, openLoadBench } from "./load-helpers.ts";

/** COPY passes numbers on their way into decimals through a double: plans load directly up to 15 digits. */
function isExactAsDouble({ json, type }: Case): boolean {
  const decimal = type.startsWith("decimal") ? parseDecimal(json) : undefined;
  return !decimal || digitCounts(decimal).significant <= 15;
}

const loadable = (mode: "direct" | "staged", type: ColumnType): Case[] =>
  casesOf(mode, type).filter((test) => mode === "staged" || isExactAsDouble(test));

describe("cases table on Redshift", () => {
  for (const mode of ["staged", "direct"] as const) {
    describe(mode, () => {
      const rows = new Map<ColumnType, readonly Row[]>();

      before(async function () {
        this.timeout(60_000);
        await using context = await openLoadBench();
        const load = documentLoader(context);
        for (const type of CASE_TYPES)
          await context.bench.createTable(tableOf(type), [newColumn("x", type, "x")]);
        for (const type of CASE_TYPES) {
          const documents = loadable(mode, type).map(({ json }) => `{"x":${json}}`);
          const { result } = await load(tableOf(type), mode, documents);
          assert.equal(result.kind, "loaded", `${type}: ${JSON.stringify(result)}`);
          rows.set(type, await context.warehouse.read.sampleRows(tableOf(type), documents.length + 1));
        }
      });

      for (const type of CASE_TYPES) {
        it(`gives every value of ${type} the fate that the table says`, () => {
          const cases = loadable(mode, type);
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
