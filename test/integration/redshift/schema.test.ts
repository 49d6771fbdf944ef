// The schema of the event tables is the warehouse's own, as on DuckDB: loading into another is refused, reading finds it.
import assert from "node:assert/strict";
import pino from "pino";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { createRedshiftWarehouse } from "../../../shared/warehouse/redshift/create-redshift-warehouse.ts";
import { WarehouseBench } from "../../contract/warehouse-harness.ts";
import { newColumn, testSource } from "../../contract/warehouse-parts.ts";
import {
  redshiftConfig,
  ROUTED,
  startRedshift,
  type RedshiftBench,
} from "../../helpers/redshift-stand-in.ts";

const config = (schema: string) => redshiftConfig({ loader: { slots: 2 }, tables: { schema } });

describe("the schema of event tables on Redshift", function () {
  this.timeout(30_000);
  let redshift: RedshiftBench;

  before(async () => {
    redshift = await startRedshift({ config: config("Analytics") });
    const warehouse = redshift.open();
    await warehouse.prepare();
    const bench = new WarehouseBench({
      warehouse,
      bucket: ROUTED,
      put: async (key, bytes) => void (await redshift.store.put({ bucket: ROUTED, key }, bytes)),
      async [Symbol.asyncDispose]() {},
    });
    await bench.createTable("orders", [newColumn("n", "integer", "n")]);
    await bench.load("orders", [await bench.unit(testSource("/logs/a.json"), "orders", 2)]);
  });
  after(() => redshift[Symbol.asyncDispose]());

  it("stays what it was at first: another one is refused, and not made", async () => {
    await assert.rejects(redshift.open(config("events")).prepare(), {
      code: "CONFIG_INVALID",
      message: /in schema "analytics", the configuration says "events".+set tables\.schema to "analytics"/,
    });
    const schemas = await redshift.api.query("SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'events'", {
      name: "test",
    });
    assert.equal(Number(schemas[0]?.[0]), 0);
    // Names are folded: this is the same one.
    await redshift.open(config("ANALYTICS")).prepare();
  });

  it("is found by verbs that read with another configuration, or none", async () => {
    const { api, store } = redshift;
    const reading = createRedshiftWarehouse({
      api,
      store,
      bucket: ROUTED,
      config: config("events"),
      onlyReads: true,
      log: pino({ level: "silent" }),
      clock: systemClock,
    });
    const rows = await reading.read.sampleRows("orders", 10);
    assert.deepEqual(
      rows.map(({ n }) => Number(n)),
      [1, 2],
    );
    const [counted] = await reading.read.countRows("orders");
    assert.equal(counted?.rows, 2);
    assert.match(await reading.read.ddl("orders"), /CREATE TABLE analytics\.orders/);
    assert.deepEqual(await reading.read.rescuedPaths("orders"), []);
    const { tables, foreignTables } = await reading.catalog();
    assert.deepEqual([[...tables.keys()], [...foreignTables]], [["orders"], []]);
  });
});
