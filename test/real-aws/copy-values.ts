// The cases table through both ways of loading, in two loads of one table, and documents in SUPER columns: what is read back is what was written.
import assert from "node:assert/strict";
import { digitCounts, parseDecimal } from "../../shared/schema/decimal.ts";
import type { ColumnType } from "../../shared/schema/types.ts";
import { canonicalText } from "../contract/warehouse-harness.ts";
import { compressPart, loadUnit, newColumn, partLine, testSource } from "../contract/warehouse-parts.ts";
import { CASE_TYPES, type Case } from "../fixtures/cases/cases.ts";
import { casesOf, faultOf, tableOf, titleOf, type Row } from "../integration/warehouse/case-faults.ts";
import type { OfTrial } from "./suite.ts";
import type { Trial } from "./trial.ts";

/** Computed by the loader: a table with such columns is never loaded directly. */
const COMPUTED: readonly ColumnType[] = ["hash", "epoch_seconds", "epoch_milliseconds"];

/** COPY passes numbers on their way into decimals through a double: plans load directly up to 15 digits. */
function isExactAsDouble({ json, type }: Case): boolean {
  const decimal = type.startsWith("decimal") ? parseDecimal(json) : undefined;
  return !decimal || digitCounts(decimal).significant <= 15;
}

const DOCUMENTS = [
  '{"doc":{"a":1,"b":[true,null,{"c":"ä"}],"A":"other case","d e":0.1}}',
  '{"doc":[9007199254740993,-9223372036854775808,0.5,19.99,1e21,"2026-01-05T08:00:00Z"]}',
  String.raw`{"doc":{"quote\"back\\slash":"\u0001\n\ud83d\ude00","empty":{},"list":[]}}`,
  '{"doc":{"price":19.99,"big":[123456789012345.67,5e-324]}}',
];

export function copyValues(trial: OfTrial): void {
  describe("values", () => {
    for (const mode of ["staged", "direct"] as const) {
      it(`have the fate that the cases table says: ${mode}`, async () => {
        const types = CASE_TYPES.filter((type) => mode === "staged" || !COMPUTED.includes(type));
        const cases = types.flatMap((type) =>
          casesOf(mode, type).filter((test) => mode === "staged" || isExactAsDouble(test)),
        );
        const table = `cases_${mode}`;
        await trial().bench.createTable(
          table,
          types.map((type) => newColumn([tableOf(type)], type, tableOf(type))),
        );
        await load(
          trial(),
          table,
          mode,
          cases.map(({ type, json }) => `{${JSON.stringify(tableOf(type))}:${json}}`),
        );
        const rows = await trial().bench.warehouse.read.sampleRows(table, cases.length + 1);
        assert.equal(rows.length, cases.length);
        const faults = cases.flatMap((test, at) => {
          const fault = faultOf(test, asX(rows[at]!, tableOf(test.type)));
          return fault === undefined ? [] : [`${test.type} ${titleOf(test)}: ${fault}`];
        });
        assert.deepEqual(faults, []);
      });
    }

    it("of any kind come back from SUPER as they were, at paths with any key", async () => {
      const keys = ["doc", "a.b", "日本", "with space", "UPPER"];
      await trial().bench.createTable("documents", [
        newColumn(["doc"], "json", "doc"),
        ...keys.slice(1).map((key, at) => newColumn([key, "in"], "json", `k${at}`)),
      ]);
      const others = keys.slice(1).map((key) => `{${JSON.stringify(key)}:{"in":[1,"x"]}}`);
      const documents = [...DOCUMENTS, ...others];
      for (const mode of ["direct", "staged"] as const) await load(trial(), "documents", mode, documents);
      const wanted = documents.map(canonicalText);
      const found = await trial().bench.documents("documents");
      assert.deepEqual(found.toSorted(), [...wanted, ...wanted].toSorted());
    });
  });
}

let sources = 0;

async function load(
  { bench, job }: Trial,
  table: string,
  mode: "direct" | "staged",
  documents: readonly string[],
): Promise<void> {
  const source = testSource(`/logs/values-${++sources}.json`);
  const lines = documents.map((text, at) => partLine(source.id, at + 1, table, text));
  const part = await bench.rawPart(compressPart(lines), lines.length);
  const result = await bench.warehouse.load(await job({ [table]: [loadUnit(source, table, [part])] }, mode));
  assert.equal(result.kind, "loaded", JSON.stringify(result));
}

/** As the cases table names its one column. */
function asX(row: Row, column: string): Row {
  const rescued = row["_lr_rescued"];
  const path = JSON.stringify(JSON.stringify([column])).slice(1, -1);
  const asText = typeof rescued === "string";
  const text = (asText ? rescued : JSON.stringify(rescued ?? null)).replaceAll(path, String.raw`[\"x\"]`);
  return { x: row[column] ?? null, _lr_rescued: asText ? text : (JSON.parse(text) as unknown) };
}
