// What the Data API takes in one call, and what the warehouse makes of more.
import assert from "node:assert/strict";
import { planTable } from "../../../shared/schema/plan-table.ts";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { shapeOfJson } from "../../../shared/shape/shape-of-json.ts";
import { mergeShape, Shape } from "../../../shared/shape/shape.ts";
import { canonicalText } from "../../contract/warehouse-harness.ts";
import {
  compressPart,
  loadJob,
  loadUnit,
  newColumn,
  partLine,
  tableChange,
  testSource,
} from "../../contract/warehouse-parts.ts";
import { redshiftConfig, ROUTED } from "../../helpers/redshift-stand-in.ts";
import { openLoadBench, type LoadBench } from "./load-helpers.ts";

const KEYS = [4000, 500];

function shapeOf(documents: readonly string[]) {
  const shape = new Shape();
  for (const text of documents) mergeShape(shape, shapeOfJson(text, KEYS), KEYS);
  return shapeToJson(shape);
}

describe("limits of the Data API", function () {
  this.timeout(120_000);
  const config = redshiftConfig({ loader: { slots: 4 } });
  let context: LoadBench;

  before(async () => {
    context = await openLoadBench({ config });
  });
  after(() => context[Symbol.asyncDispose]());

  async function planned(table: string, documents: readonly string[]) {
    const { warehouse } = context;
    for (;;) {
      const catalog = await warehouse.catalog();
      const input = {
        eventTypes: [table],
        shape: shapeOf(documents),
        catalog,
        config,
        table: { table, catchAll: false },
      };
      const { plan, change } = planTable({ ...input, normalised: false });
      if (!change) return { plan, catalog };
      assert.deepEqual(await warehouse.change(catalog.version, [change]), { kind: "applied" });
    }
  }

  it("1,000 paths with names of 127 bytes in 5,000 parts: some 310 columns, the rest rescued", async () => {
    const { bench, warehouse, redshift } = context;
    const keys = Array.from({ length: 1000 }, (_, at) => `key_${at}_`.padEnd(127, "x"));
    const wide = `{${keys.map((key, at) => `"${key}":${at}`).join(",")}}`;
    const small = `{"${keys[0]}":-1}`;
    const { plan, catalog } = await planned("wide", [wide, small]);
    const columns = catalog.tables.get("wide")!.columns.length;
    assert.ok(columns >= 300 && columns <= 320, `${columns} columns`);

    const units = [];
    for (let at = 0; at < 5; at++) {
      const source = testSource(`/logs/wide-${at}.json`);
      const bytes = compressPart([partLine(source.id, 2, "wide", small)]);
      const parts = [await bench.part(source, "wide", [wide])];
      for (let part = 1; part < 1000; part++) parts.push(await bench.rawPart(bytes, 1));
      units.push(loadUnit(source, "wide", parts));
    }
    const result = await warehouse.load(loadJob(catalog, ROUTED, [{ plan, units }], "wide-batch"));

    assert.equal(result.kind, "loaded", JSON.stringify(result));
    assert.deepEqual(
      result.kind === "loaded" && result.units.map(({ rows, rescued }) => [rows, rescued]),
      units.map(() => [1000, 1000 - columns]),
    );
    const [first] = await bench.rebuilt("wide");
    assert.equal(first && canonicalText(wide).length > 0, true);
    const documents = new Set(await bench.documents("wide"));
    assert.deepEqual(documents, new Set([canonicalText(wide), canonicalText(small)]));
    for (const { name, sqls } of redshift.journal) {
      assert.ok(sqls.length <= 40, `${name}: ${sqls.length} statements`);
      assert.ok(sqls.reduce((sum, sql) => sum + Buffer.byteLength(sql), 0) <= 100_000, name);
    }
  });

  it("1,000 parts of a direct load are one statement of a few hundred bytes", async () => {
    const { bench, redshift } = context;
    await bench.createTable("many", [newColumn("n", "integer", "n")]);
    const source = testSource("/logs/many.json");
    const parts = [];
    for (let at = 0; at < 1000; at++)
      parts.push(await bench.rawPart(compressPart([partLine(source.id, at + 1, "many", '{"n":1}')]), 1));

    const result = await bench.load("many", [loadUnit(source, "many", parts)]);

    assert.equal(result.kind, "loaded", JSON.stringify(result));
    const sent = redshift.journal.findLast(({ sqls }) => sqls.some((sql) => sql.includes("COPY lr_units")))!;
    assert.ok(sent.sqls.join("").length < 6000, `${sent.sqls.join("").length} bytes`);
  });

  it("more tables than fit into one transaction are refused before anything is sent", async () => {
    const { bench, warehouse, redshift } = context;
    const tables = Array.from({ length: 16 }, (_, at) => `narrow_${at}`);
    const { version } = await warehouse.catalog();
    const changes = tables.map((table) =>
      tableChange(table, { eventTypes: [table], addColumns: [newColumn("n", "integer", "n")] }),
    );
    assert.deepEqual(await warehouse.change(version, changes), { kind: "applied" });
    const units = (count: number) =>
      Promise.all(
        tables
          .slice(0, count)
          .map(
            async (table) =>
              [table, [await bench.unit(testSource(`/logs/${table}-${count}.json`), table, 1)]] as const,
          ),
      );
    const before = redshift.journal.length;

    await assert.rejects(warehouse.load(await context.job(Object.fromEntries(await units(16)))), {
      code: "WAREHOUSE_FAILED",
      message: /16 tables needs \d+ statements .* nothing was sent/,
    });
    assert.ok(
      redshift.journal.slice(before).every(({ sqls }) => !sqls.some((sql) => sql.startsWith("LOCK"))),
    );

    const fitting = Object.fromEntries(await units(warehouse.maxTablesPerLoad!));
    assert.equal((await warehouse.load(await context.job(fitting))).kind, "loaded");
  });

  it("a batch of one table costs two calls, without those that wait", async () => {
    const { bench, warehouse, redshift } = context;
    await bench.createTable("cheap", [newColumn("n", "integer", "n")]);
    const job = await context.job({ cheap: [await bench.unit(testSource("/logs/cheap.json"), "cheap", 3)] });
    const { calls } = redshift.standIn;
    const before = new Map(calls);

    await warehouse.load(job);

    const spent = (operation: string): number => (calls.get(operation) ?? 0) - (before.get(operation) ?? 0);
    assert.equal(spent("BatchExecuteStatement"), 1);
    assert.equal(spent("ExecuteStatement"), 0);
    assert.equal(spent("GetStatementResult"), 0);
    assert.ok(spent("DescribeStatement") >= 1);
  });
});
