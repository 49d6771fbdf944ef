// The loader reads Redshift's error texts (shared/warehouse/redshift/errors.ts), because the Data API has no codes: each kind is provoked.
import assert from "node:assert/strict";
import { failureKind, type FailureKind } from "../../shared/warehouse/redshift/errors.ts";
import { compressPart, loadUnit, newColumn, partLine, testSource } from "../contract/warehouse-parts.ts";
import type { OfTrial } from "./suite.ts";

export function errorTexts(trial: OfTrial): void {
  describe("error texts", () => {
    let table: string;

    before(async () => {
      table = `${trial().schema}.errors`;
      await trial().run(`CREATE TABLE ${table} (n BIGINT)`);
      await trial().bench.createTable("refusing", [
        newColumn("n", "integer", "n"),
        newColumn("s", "string(256)", "s"),
      ]);
    });

    async function kindOf(...sqls: readonly string[]): Promise<FailureKind> {
      const outcome = await trial().attempt(...sqls);
      assert.equal(outcome.kind, "failed", sqls.join("; "));
      const error = outcome.kind === "failed" ? outcome.error : "";
      trial().note(`error text of ${failureKind(error)}`, error.slice(0, 200));
      return failureKind(error);
    }

    it("of guards, taken names, missing tables and time-outs are understood", async () => {
      const { schema } = trial();
      assert.equal(
        await kindOf(`SELECT 1 / (CASE WHEN COUNT(*) > 0 THEN 1 ELSE 0 END) FROM ${table}`),
        "guard",
      );
      assert.equal(await kindOf(`CREATE TABLE ${table} (a INTEGER)`), "exists");
      assert.equal(await kindOf(`ALTER TABLE ${table} ADD COLUMN n BIGINT`), "exists");
      assert.equal(await kindOf("SELECT COUNT(*) FROM log_router.no_such_table"), "not_prepared");
      const many = Array.from({ length: 6 }, (_, at) => `svv_columns c${at}`).join(" CROSS JOIN ");
      assert.equal(await kindOf("SET statement_timeout TO 1500", `SELECT COUNT(*) FROM ${many}`), "timeout");
      assert.match(schema, /^lr_test_/);
    });

    it("of COPY are understood: a file that is not there, a value that does not fit", async () => {
      const { credentials, manifest, put, account } = trial();
      const copy = (from: string) =>
        `COPY ${table} (n) FROM '${from}' ${credentials} MANIFEST FORMAT JSON 'auto' COMPUPDATE OFF`;
      const missing = await manifest("missing.manifest", [
        `s3://${account.bucket}/log-router-test/not-there`,
      ]);
      assert.equal(await kindOf(copy(missing)), "missing_file");
      const bad = await manifest("bad.manifest", [await put("bad.ndjson", '{"n":1}\n{"n":1.5}\n')]);
      assert.equal(await kindOf(copy(bad)), "load");
    });

    it("of a refused load say file, line, column and reason, and the source's own line", async () => {
      const { bench, job } = trial();
      const source = testSource("/logs/refused.json");
      const documents = ['{"n":1}', '{"n":1.5}', '{"n":3}'];
      const lines = documents.map((text, at) => partLine(source.id, 11 + at, "refusing", text));
      const part = await bench.rawPart(compressPart(lines), lines.length);
      const unit = loadUnit(source, "refusing", [part]);
      const result = await bench.warehouse.load(await job({ refusing: [unit] }));
      assert.equal(result.kind, "refused", JSON.stringify(result));
      if (result.kind !== "refused") return;
      assert.ok(result.reason.includes(`${part.key} line 2, column n`), result.reason);
      assert.deepEqual(result.lines, [{ sourceId: source.id, line: 12 }]);
      trial().note("reason of a refused load", result.reason);
      const probe = async (rejectedLines: readonly number[]) =>
        (await bench.warehouse.probe!(await job({ refusing: [{ ...unit, rejectedLines }] }, "staged"))).kind;
      assert.equal(await probe([12]), "accepted");
    });
  });
}
