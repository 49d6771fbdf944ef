// What DuckDB's errors mean; each is provoked, so that a new version that words them differently fails here.
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { isRefusal, refusalReason, toRouterError } from "../../../shared/warehouse/duckdb/errors.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

describe("errors of DuckDB", () => {
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;

  before(async () => {
    instance = await DuckDBInstance.create(":memory:", { memory_limit: "50MB", threads: "1" });
    connection = await instance.connect();
  });
  after(() => {
    connection.closeSync();
    instance.closeSync();
  });

  const errorOf = (sql: string): Promise<unknown> =>
    connection.run(sql).then(
      () => assert.fail("no error"),
      (error: unknown) => error,
    );

  for (const [what, sql] of [
    ["a value that does not convert", "SELECT 'x'::BIGINT"],
    ["a value out of range", "SELECT 1000::TINYINT"],
    ["a place that raises an error of ours", "SELECT error('a value fits no column')"],
    ["text that is no JSON", "SELECT json_extract('{', '$')"],
  ] as const) {
    it(`refuse the data for ${what}`, async () => {
      const error = await errorOf(sql);

      assert.ok(isRefusal(error), String(error));
      assert.doesNotMatch(refusalReason(error), /\n/);
    });
  }

  it("refuse a line that is no JSON", async () => {
    using dir = tempDir();
    const file = join(dir.path, "bad.ndjson");
    writeFileSync(file, '{"a":1}\n{"a":\n');

    assert.ok(
      isRefusal(
        await errorOf(
          `SELECT * FROM read_json('${file}', format = 'newline_delimited', columns = {a: 'BIGINT'})`,
        ),
      ),
    );
  });

  it("tell a missing file or ledger from refused data", async () => {
    const missing = await errorOf("SELECT * FROM read_json('/no/such/file.json', columns = {a: 'BIGINT'})");
    const ledger = await errorOf("SELECT * FROM log_router.loads");

    assert.equal(isRefusal(missing), false);
    assert.equal(toRouterError(missing, "w").code, "WAREHOUSE_UNAVAILABLE");
    assert.equal(toRouterError(missing, "w").retryable, true);
    assert.equal(toRouterError(ledger, "w").code, "WAREHOUSE_UNAVAILABLE");
    assert.match(toRouterError(ledger, "w").message, /nothing has been loaded/);
  });

  it("are retryable when the memory is full, and not when the statement is wrong", async () => {
    const full = await errorOf("SELECT list(i ORDER BY i) FROM range(20000000) r(i)");
    const wrong = await errorOf("SELEC 1");

    assert.equal(isRefusal(full), false);
    assert.equal(toRouterError(full, "w").retryable, true);
    assert.equal(toRouterError(wrong, "w").code, "WAREHOUSE_FAILED");
    assert.equal(toRouterError(wrong, "w").retryable, false);
  });

  it("pass errors of our own through", () => {
    const own = new RouterError("ACCOUNTING_BROKEN", "x");

    assert.equal(toRouterError(own, "w"), own);
  });
});
