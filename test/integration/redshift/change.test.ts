// Tables on Redshift: keys, encodings, grants, widening that is refused, tables that somebody has locked.
import assert from "node:assert/strict";
import pg from "pg";
import { newColumn, tableChange, testSource } from "../../contract/warehouse-parts.ts";
import { redshiftConfig } from "../../helpers/redshift-stand-in.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { openLoadBench, type LoadBench } from "./load-helpers.ts";

const TEXT = [newColumn("s", "string(256)", "s")];
const widen = [{ column: "s", from: "string(256)" as const, to: "string(1024)" as const }];

describe("changing tables on Redshift", function () {
  this.timeout(60_000);
  let context: LoadBench;

  before(async () => {
    const config = redshiftConfig({
      loader: { slots: 4 },
      tables: { grant_select_to: ["analysts"], event_time: { "*": "at" } },
      redshift: { table_wait_seconds: 1, schema_wait_seconds: 2, dist_key: { "*": "user.id", exact: "at" } },
    });
    context = await openLoadBench({ config: redshiftConfig({ loader: { slots: 4 } }) });
    const granted = context.redshift.open(config);
    await context.redshift.api.statement("CREATE ROLE analysts", { name: "role" });
    await granted.prepare();
    Object.assign(context, { granted });
  });
  after(() => context[Symbol.asyncDispose]());

  const granted = () => (context as LoadBench & { granted: LoadBench["warehouse"] }).granted;
  const sqlOf = (pattern: RegExp): string[] =>
    context.redshift.journal.flatMap(({ sqls }) => sqls.filter((sql) => pattern.test(sql)));

  it("makes sort and distribution keys of configured paths, and lets the roles read", async () => {
    const warehouse = granted();
    const { version } = await warehouse.catalog();
    const addColumns = [
      newColumn("at", "timestamptz", "at"),
      newColumn("user.id", "integer", "user_id"),
      newColumn("tags", "json", "tags"),
    ];

    const result = await warehouse.change(version, [
      tableChange("keyed", { eventTypes: ["keyed"], addColumns, eventTime: ["at"] }),
      tableChange("exact", { eventTypes: ["exact"], addColumns, eventTime: ["tags"] }),
    ]);

    assert.deepEqual(result, { kind: "applied" });
    const [keyed] = sqlOf(/CREATE TABLE "events"."keyed"/);
    assert.match(keyed!, /DISTSTYLE KEY DISTKEY \("user_id"\) COMPOUND SORTKEY \("at"\)$/);
    const [exact] = sqlOf(/CREATE TABLE "events"."exact"/);
    assert.match(exact!, /DISTSTYLE KEY DISTKEY \("at"\) SORTKEY AUTO$/);
    assert.equal(sqlOf(/^GRANT SELECT ON "events"."keyed" TO ROLE "analysts"$/).length, 1);
  });

  it("creates a wide table in groups of columns, and its catalog agrees after each", async () => {
    const { warehouse } = context;
    const addColumns = Array.from({ length: 700 }, (_, at) =>
      newColumn([`k${at}`], "string(256)", `column_number_${at}_with_a_longer_name`),
    );
    const { version } = await warehouse.catalog();

    assert.deepEqual(
      await warehouse.change(version, [tableChange("wide", { eventTypes: ["wide"], addColumns })]),
      { kind: "applied" },
    );

    const table = (await warehouse.catalog()).tables.get("wide")!;
    assert.deepEqual(
      table.columns.map(({ column }) => column),
      addColumns.map(({ column }) => column),
    );
    assert.ok(sqlOf(/ALTER TABLE "events"."wide" ADD COLUMN/).length > 0);
    assert.match(await warehouse.read.ddl("wide"), /column_number_699_with_a_longer_name/);
  });

  it("widens a column by itself, and again when its catalog row is still to come", async () => {
    const { bench, warehouse } = context;
    await bench.createTable("texts", TEXT);
    await context.redshift.api.statement(`ALTER TABLE "events"."texts" ALTER COLUMN "s" TYPE VARCHAR(1024)`, {
      name: "before",
    });

    await bench.change(tableChange("texts", { create: false, widen }));

    assert.equal((await warehouse.catalog()).tables.get("texts")!.columns[0]!.type, "string(1024)");
    assert.match(await warehouse.read.ddl("texts"), /s character varying\(1024\)/);
  });

  it("encodes a column anew when its encoding cannot be widened", async () => {
    const { bench, warehouse, redshift } = context;
    await bench.createTable("encoded", TEXT);
    await redshift.api.statement(`ALTER TABLE "events"."encoded" ALTER COLUMN "s" ENCODE text255`, {
      name: "encode",
    });

    await bench.change(tableChange("encoded", { create: false, widen }));

    assert.match(await warehouse.read.ddl("encoded"), /s character varying\(1024\) ENCODE zstd/);
  });

  it("says so when a column cannot be widened at all, and changes nothing", async () => {
    const { bench, warehouse, redshift } = context;
    await bench.createTable("stuck", []);
    await redshift.api.statement(`ALTER TABLE "events"."stuck" ADD COLUMN s VARCHAR(256) DEFAULT 'x'`, {
      name: "own",
    });
    const { version } = await warehouse.catalog();

    const result = await warehouse.change(version, [
      tableChange("stuck", { create: false, widen, addColumns: [newColumn("m", "integer", "m")] }),
    ]);

    assert.deepEqual(result, { kind: "widenRefused", columns: [{ table: "stuck", column: "s" }] });
    assert.equal((await warehouse.catalog()).version, version);
  });

  for (const [what, change] of [
    ["widening", { widen }],
    ["adding a column", { addColumns: [newColumn("m", "integer", "m")] }],
  ] as const)
    it(`${what} lets readers through while somebody keeps it from the table`, async () => {
      const { bench, redshift } = context;
      const table = `read_${what.slice(0, 5)}`;
      await bench.createTable(table, TEXT);
      const warehouse = granted();
      const [holder, reader] = [new pg.Client(redshift.connection), new pg.Client(redshift.connection)];
      await Promise.all([holder.connect(), reader.connect()]);
      const tableChanges = [tableChange(table, { create: false, ...change })];
      try {
        await holder.query(`BEGIN; SELECT * FROM "events"."${table}"`);
        const { version } = await warehouse.catalog();
        const changing = assert.rejects(warehouse.change(version, tableChanges), {
          code: "TABLE_LOCKED",
          retryable: true,
        });
        const waiting = `SELECT COUNT(*) AS n FROM pg_locks WHERE NOT granted AND relation = '"events"."${table}"'::regclass`;
        await waitFor("the change to wait", async () => (await reader.query(waiting)).rows[0].n > 0);

        const started = performance.now();
        await reader.query(`SELECT * FROM "events"."${table}"`);

        // The reader stands behind the ALTER as long as that waits: table_wait_seconds, which is 1 here.
        assert.ok(performance.now() - started < 5000, `${performance.now() - started} ms`);
        await changing;
      } finally {
        await holder.query("ROLLBACK");
        await Promise.all([holder.end(), reader.end()]);
      }
      const { version } = await warehouse.catalog();
      assert.deepEqual(await warehouse.change(version, tableChanges), { kind: "applied" });
    });

  it("gives way while somebody has the table, loads others meanwhile, and gets through afterwards", async () => {
    const { bench, redshift } = context;
    const warehouse = granted();
    const N = [newColumn("n", "integer", "n")];
    for (const table of ["locked", "free"]) await bench.createTable(table, N);
    const holder = new pg.Client(redshift.connection);
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE "events"."locked" IN ACCESS EXCLUSIVE MODE');
    try {
      const { version } = await warehouse.catalog();
      const change = tableChange("locked", { create: false, addColumns: [newColumn("m", "integer", "m")] });
      const changing = assert.rejects(warehouse.change(version, [change]), {
        code: "TABLE_LOCKED",
        retryable: true,
      });
      const unit = async (table: string) => ({
        [table]: [await bench.unit(testSource(`/logs/${table}-held.json`), table, 1)],
      });
      const locked = assert.rejects(warehouse.load(await context.job(await unit("locked"))), {
        code: "TABLE_LOCKED",
        retryable: true,
      });

      const started = Date.now();
      const free = await warehouse.load(await context.job(await unit("free")));
      assert.ok(["loaded", "stale"].includes(free.kind), JSON.stringify(free));
      assert.ok(Date.now() - started < 10_000);
      await Promise.all([changing, locked]);
    } finally {
      await holder.query("ROLLBACK");
      await holder.end();
    }
    const after = await bench.unit(testSource("/logs/after.json"), "locked", 1);
    assert.equal((await warehouse.load(await context.job({ locked: [after] }))).kind, "loaded");
  });
});
