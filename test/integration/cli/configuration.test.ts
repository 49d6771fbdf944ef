// What a configuration makes of a run, from YAML to the rows in the DuckDB file, looked at with a connection of its own.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { auditSchema } from "../../../cli/reports/audit.ts";
import { runSchema } from "../../../cli/reports/run.ts";
import { statusSchema } from "../../../cli/reports/status.ts";
import { runReport, runVerb } from "../../helpers/run-verb.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { openWarehouseFile } from "../../helpers/warehouse-file.ts";

const LINES = [
  '{"event":"order","amount":19.99,"at_ms":1700000000123,"at_s":1700000000,"ts":"2026-01-05T08:00:00Z","user":{"id":1,"ssn":"123","email":"a@b.c"},"a.b":7}',
  '{"event":"order","amount":19.999,"at_ms":"no","at_s":1.5,"ts":"2026-01-05T08:00:00Z","user":{"id":2,"ssn":[1],"email":null}}',
  '{"event":"ordered","user":{"email":"a@b.c","ssn":"456"}}',
  '{"event":"heartbeat"}',
  '{"event":"debug.sql","statement":"select 1"}',
  '{"event":"rare_1","user":{"ssn":"9","email":"a@b.c"}}',
  '{"event":"t1"}',
  '{"event":"t2"}',
  '{"event":"t3"}',
  '{"event":"t4"}',
  '{"event":"t5"}',
];

const CONFIG = `
routes:
  - {match: heartbeat, drop: true}
  - {match: "debug.*", quarantine: true}
  - {match: "rare_*", catch_all: true}
  - {match: "ord*", table: the_orders}
types:
  order: {at_ms: epoch_milliseconds, at_s: epoch_seconds, amount: "decimal(18,2)", '["a.b"]': integer}
exclude: {"*": [user.ssn]}
hash: {"*": [user.email]}
tables:
  schema: analytics
  max_event_types: 4
  catch_all_table: misc
  grant_select_to: [analyst]
  event_time: {order: ts}
`;

const HASH = createHash("sha256").update("a@b.c").digest("hex");

describe("configuration", () => {
  let dir: TempDir;
  let warnings: readonly string[];

  before(async () => {
    dir = tempDir();
    writeFileSync(join(dir.path, "router.yaml"), CONFIG);
    writeFileSync(join(dir.path, "a.ndjson"), LINES.join("\n"));
    const { code, json } = await runReport(
      ["run", "a.ndjson", "--once", "--config", "router.yaml"],
      dir.path,
    );
    assert.equal(code, 0);
    ({ warnings } = runSchema.parse(json));
  });
  after(() => dir[Symbol.dispose]());

  async function rows(sql: string): Promise<Record<string, unknown>[]> {
    await using file = await openWarehouseFile(join(dir.path, ".log-router", "warehouse.duckdb"));
    return await file.rows(sql);
  }

  it("pinned types, epochs, excluded and hashed paths, a schema and a table of one's own", async () => {
    const found = await rows(`
      SELECT _lr_event_type AS type, user_id::INTEGER AS id, amount::VARCHAR AS amount, amount_double, at_ms::VARCHAR AS at_ms, at_ms_string,
        at_s::VARCHAR AS at_s, a_b::INTEGER AS a_b, ts::VARCHAR AS ts, user_email
      FROM analytics.the_orders ORDER BY _lr_line`);

    const none = {
      id: null,
      amount: null,
      amount_double: null,
      at_ms: null,
      at_ms_string: null,
      at_s: null,
      a_b: null,
      ts: null,
    };
    const ts = "2026-01-05 08:00:00+00";
    assert.deepEqual(found, [
      {
        ...none,
        type: "order",
        id: 1,
        amount: "19.99",
        at_ms: "2023-11-14 22:13:20.123+00",
        at_s: "2023-11-14 22:13:20+00",
        a_b: 7,
        ts,
        user_email: HASH,
      },
      {
        ...none,
        type: "order",
        id: 2,
        amount_double: 19.999,
        at_ms_string: "no",
        at_s: "1970-01-01 00:00:01.5+00",
        ts,
        user_email: null,
      },
      { ...none, type: "ordered", user_email: HASH },
    ]);
  });

  it("what is excluded or hashed is nowhere in the warehouse as it was", async () => {
    const columns = await rows("SELECT path FROM log_router.columns WHERE path LIKE '%ssn%'");
    const misc = await rows("SELECT payload, user_email FROM analytics.misc ORDER BY _lr_line");

    assert.deepEqual(columns, []);
    assert.deepEqual(misc[0], { payload: '{"event":"rare_1","user":{}}', user_email: HASH });
  });

  it("routes: drop, quarantine, catch-all, and max_event_types with a warning", async () => {
    const { json } = await runReport(["status", "--config", "router.yaml"], dir.path);
    const status = statusSchema.parse(json);
    const quarantine = await runVerb(["quarantine", "show", "a.ndjson"], dir.path);

    assert.deepEqual([status.lines.dropped, status.lines.quarantined], [1, 1]);
    assert.match(quarantine.stdout, /by_rule[\s\S]+debug\.sql/);
    const inMisc = status.event_types
      .filter(({ table }) => table === "misc")
      .map(({ event_type: type }) => type);
    // Which of the five is one too many is the order of loading.
    assert.ok(inMisc.includes("rare_1"));
    assert.equal(inMisc.length, 2);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /more than 4 event types \(tables\.max_event_types\)/);
  });

  it("verbs that read find the tables without the configuration, and make nothing", async () => {
    const { code, stdout } = await runVerb(["audit", "--tables"], dir.path);

    assert.equal(code, 0);
    assert.match(stdout, /the_orders: 3 rows in the ledger, 3 in the table/);
    assert.deepEqual(await rows("SELECT 1 FROM duckdb_schemas() WHERE schema_name = 'events'"), []);
  });

  it("loading into another schema than the tables are in is refused", async () => {
    const { code, stderr } = await runVerb(["run", "a.ndjson", "--once"], dir.path);

    assert.equal(code, 2, stderr);
    assert.match(stderr, /schema "analytics", the configuration says "events".+--config/);
  });

  it("audit --tables fails for rows that nobody loaded, and not for rows that users deleted", async () => {
    const audit = ["audit", "--tables", "--config", "router.yaml"];
    await change(dir, "DELETE FROM analytics.t1");
    const removed = await runVerb(audit, dir.path);
    await change(dir, "INSERT INTO analytics.t2 SELECT * FROM analytics.t2");
    const repeated = await runVerb(audit, dir.path);

    assert.deepEqual([removed.code, repeated.code], [0, 1]);
    assert.match(removed.stdout, /t1: 1 rows in the ledger, 0 in the table: 1 removed since load/);
    assert.match(repeated.stdout, /t2: .+ 0 surplus, 1 repeated/);
  });
});

describe("on_overwrite", () => {
  const cases: readonly [mode: string, a: number[], b: number, withoutRows: string[]][] = [
    ["replace", [2, 3], 0, ["replaced"]],
    ["append", [1, 2, 3], 1, []],
    ["ignore", [1], 1, ["ignored"]],
  ];
  for (const [mode, a, b, withoutRows] of cases) {
    it(`${mode}, for a file that is written again`, async () => {
      using dir = tempDir();
      const file = join(dir.path, "x.ndjson");
      const run = ["run", "x.ndjson", "--once", "--set", `on_overwrite=${mode}`];
      writeFileSync(file, '{"event":"a","n":1}\n{"event":"b","n":1}\n');
      utimesSync(file, new Date("2026-01-01"), new Date("2026-01-01"));
      await runReport(run, dir.path);
      writeFileSync(file, '{"event":"a","n":2}\n{"event":"a","n":3}\n');
      const again = await runReport(run, dir.path);
      const { code, json } = await runReport(["audit", "--tables"], dir.path);
      const audit = auditSchema.parse(json);
      await using warehouse = await openWarehouseFile(join(dir.path, ".log-router", "warehouse.duckdb"));

      assert.deepEqual([again.code, code], [0, 0]);
      const found = await warehouse.rows("SELECT n FROM events.a ORDER BY n");
      assert.deepEqual(
        found.map(({ n }) => Number(n)),
        a,
      );
      assert.equal((await warehouse.rows("SELECT n FROM events.b")).length, b);
      assert.deepEqual(
        audit.without_rows.map(({ state }) => state),
        withoutRows,
      );
      assert.ok(audit.without_rows.every(({ lines, reason }) => lines === 2 && reason.length > 10));
    });
  }
});

/** Somebody with the file and SQL. */
async function change(dir: TempDir, sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(join(dir.path, ".log-router", "warehouse.duckdb"));
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}
