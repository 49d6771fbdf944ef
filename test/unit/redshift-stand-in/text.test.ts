// AWS.md 10, "Text": what Redshift reads differently from PostgreSQL.
import assert from "node:assert/strict";
import { openStandIn, type StandInRig } from "../../helpers/stand-in.ts";

describe("stand-in: text of statements", function () {
  this.timeout(30_000);
  let rig: StandInRig;
  before(async () => void (rig = await openStandIn()));
  after(() => rig[Symbol.asyncDispose]());

  describe("literals", () => {
    it("takes a backslash as an escape", async () => {
      const rows = await rig.rows(String.raw`SELECT 'a\\b', 'it\'s', 'x\ny', 'q\q'`);

      assert.deepEqual(rows, [["a\\b", "it's", "x\ny", "qq"]]);
    });

    it("does not end a literal at a quote behind a backslash", async () => {
      assert.match(await rig.refused(String.raw`SELECT 'C:\'`), /unterminated quoted string/);
    });

    it("lets a doubled quote alone break out when a backslash stands before it", async () => {
      // What an escape of quotes alone makes of the value `\'; …`.
      assert.match(await rig.refused(String.raw`SELECT '\'''`), /unterminated quoted string/);
    });

    it("keeps quotes, unicode and control characters", async () => {
      assert.deepEqual(await rig.rows(`SELECT 'a''b', 'ü😀 \u2028', '\t'`), [["a'b", "ü😀 \u2028", "\t"]]);
    });

    it("refuses NUL in a literal", async () => {
      assert.match(await rig.refused("SELECT 'a\0b'"), /0x00/);
    });
  });

  describe("identifiers", () => {
    it("folds quoted names to lower case, ASCII letters only", async () => {
      await rig.ok('CREATE TABLE "Order" ("Id" BIGINT, "ÄB" BIGINT)');

      await rig.ok('INSERT INTO "oRDER" ("iD", "Äb") VALUES (1, 2)');
      assert.match(await rig.refused('SELECT "äb" FROM "order"'), /does not exist/);
      assert.match(await rig.refused('CREATE TABLE "ORDER" (a BIGINT)'), /already exists/);
      assert.match(await rig.refused('CREATE TABLE t2 (a BIGINT, "A" BIGINT)'), /more than once/);
    });

    it("keeps the case of quoted names under enable_case_sensitive_identifier", async () => {
      await rig.ok(
        "SET enable_case_sensitive_identifier TO true",
        'CREATE TABLE "Cased" ("Id" BIGINT)',
        'INSERT INTO "Cased" ("Id") VALUES (1)',
      );

      assert.match(await rig.refused('SELECT * FROM "Cased"'), /does not exist/);
    });

    it("takes doubled quotes, dots, semicolons and spaces inside quotes", async () => {
      await rig.ok(`CREATE TABLE "a""b; drop.table' x" ("c""d.e" BIGINT)`);
      await rig.ok(`INSERT INTO "a""b; drop.table' x" VALUES (7)`);

      assert.deepEqual(await rig.rows(`SELECT "c""d.e" FROM "a""b; drop.table' x"`), [[7]]);
    });

    it("has names of 127 bytes that differ in the last byte only", async () => {
      const stem = "x".repeat(126);
      await rig.ok(`CREATE TABLE "${stem}a" ("${stem}1" BIGINT, "${stem}2" VARCHAR(3))`);
      await rig.ok(`CREATE TABLE "${stem}b" ("${stem}1" BIGINT)`);
      await rig.ok(`INSERT INTO "${stem}a" ("${stem}1", "${stem}2") VALUES (1, 'two')`);

      const ran = await rig.ok(
        `SELECT "${stem}2", "${stem}1" AS "${"y".repeat(127)}" FROM "${stem}a" AS "${"z".repeat(127)}"`,
      );
      assert.deepEqual(ran.results[0], [["two", 1]]);
      const rows = await rig.rows(
        `SELECT table_name, column_name FROM svv_columns WHERE table_name = '${stem}a' ORDER BY ordinal_position`,
      );
      assert.deepEqual(rows, [
        [`${stem}a`, `${stem}1`],
        [`${stem}a`, `${stem}2`],
      ]);
    });

    it("keeps long names through renaming", async () => {
      const [table, column] = ["r".repeat(120), "s".repeat(127)];
      await rig.ok("CREATE TABLE short_name (a BIGINT)");
      await rig.ok(`ALTER TABLE short_name RENAME COLUMN a TO "${column}"`);
      await rig.ok(`ALTER TABLE short_name RENAME TO "${table}"`);

      assert.deepEqual(
        await rig.rows(`SELECT table_name, column_name FROM svv_columns WHERE column_name = '${column}'`),
        [[table, column]],
      );
      assert.deepEqual(await rig.rows(`SELECT table_name FROM svv_tables WHERE table_name = '${table}'`), [
        [table],
      ]);
    });

    it("cuts longer names at 127 bytes, at a character, in silence", async () => {
      await rig.ok(`CREATE TABLE "${"é".repeat(70)}" (a BIGINT)`);

      assert.match(await rig.refused(`CREATE TABLE "${"é".repeat(63)}" (a BIGINT)`), /already exists/);
    });

    for (const name of ["order", "user", "tag", "timestamp", "default", "offset", "open", "type", "snapshot"])
      it(`wants the reserved word ${name} in quotes`, async () => {
        assert.match(await rig.refused(`CREATE TABLE reserved_word (${name} BIGINT)`), /syntax error/);

        await rig.ok(`CREATE TABLE "rw_${name}" ("${name}" BIGINT)`);
        assert.match(await rig.refused(`INSERT INTO "rw_${name}" (${name}) VALUES (1)`), /syntax error/);
        await rig.ok(`INSERT INTO "rw_${name}" ("${name}") VALUES (1)`);
      });

    it("refuses a reserved word as a column in a query, which PostgreSQL may allow", async () => {
      await rig.ok('CREATE TABLE tagged ("tag" BIGINT, "open" BIGINT)');

      assert.match(await rig.refused("SELECT tag FROM tagged"), /syntax error/);
      assert.match(await rig.refused("UPDATE tagged SET open = 1"), /syntax error/);
    });

    for (const name of ["oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"])
      it(`refuses a column named ${name}, quoted or not`, async () => {
        assert.match(
          await rig.refused(`CREATE TABLE system_column ("${name}" BIGINT)`),
          /system column|syntax/,
        );
      });

    it("refuses an empty name", async () => {
      assert.match(await rig.refused('CREATE TABLE "" (a BIGINT)'), /zero-length/);
    });
  });

  it("takes only one statement, with any number of semicolons behind it", async () => {
    await rig.ok("SELECT 1;;");
    await rig.ok("SELECT ';' -- ; not here\n");

    assert.match(await rig.refused("SELECT 1; SELECT 2"), /multiple commands/);
  });

  it("reads comments as blank", async () => {
    assert.deepEqual(await rig.rows("SELECT /* 'x' /* nested */ */ 1 -- 'y"), [[1]]);
  });

  describe("what PostgreSQL has and Redshift has not", () => {
    before(() => rig.ok("CREATE TABLE plain (a BIGINT, b VARCHAR(10), s SUPER)"));

    for (const sql of [
      "CREATE INDEX i ON plain (a)",
      "INSERT INTO plain (a) VALUES (1) ON CONFLICT DO NOTHING",
      "INSERT INTO plain (a) VALUES (1) RETURNING a",
      "SELECT s->>'x' FROM plain",
      "SELECT s->'x' FROM plain",
      "SELECT DISTINCT ON (a) a FROM plain",
      "SELECT COUNT(*) FILTER (WHERE a = 1) FROM plain",
      "SELECT * FROM plain, LATERAL (SELECT 1) x",
      "SELECT STRING_AGG(b, ',') FROM plain",
      "SELECT ARRAY_AGG(a) FROM plain",
      "SELECT * FROM plain FOR UPDATE",
      "SELECT '{}'::jsonb",
      "CREATE TABLE u (a JSONB)",
      "CREATE TABLE u (a JSON)",
      "CREATE TABLE u (a UUID)",
      "CREATE TABLE u (a SERIAL)",
      "CREATE TABLE u (a BYTEA)",
      "CREATE TABLE u (a BIGINT[])",
      "SELECT ARRAY[1, 2]",
      "SELECT * FROM (VALUES (1), (2)) v (n)",
      "SELECT jsonb_agg(a) FROM plain",
      "SELECT gen_random_uuid()",
      "SELECT to_json(a) FROM plain",
      "SELECT regexp_matches(b, 'x') FROM plain",
      "SELECT * FROM plain WHERE b ~* 'x'",
      "SELECT s ? 'x' FROM plain",
      "WITH x AS (SELECT 1 AS a) INSERT INTO plain (a) SELECT a FROM x",
      "WITH x AS (DELETE FROM plain) SELECT 1",
      "INSERT INTO plain (a) OVERRIDING SYSTEM VALUE VALUES (1)",
      "CREATE TABLE c (a BIGINT CHECK (a > 0))",
      "CREATE TABLE c (a BIGINT, CHECK (a > 0))",
      "CREATE TABLE c (a BIGINT) INHERITS (plain)",
      "CREATE TABLE c (a BIGINT) PARTITION BY RANGE (a)",
      "CREATE SEQUENCE q",
      "LOCK TABLE plain NOWAIT",
      "LOCK TABLE plain IN SHARE MODE",
      "SELECT pg_advisory_xact_lock(1)",
      "SELECT pg_sleep(1)",
      "SELECT $$a$$",
      "SELECT E'a'",
    ])
      it(`refuses ${sql}`, async () => {
        assert.notEqual(await rig.refused(sql), "");
      });
  });

  describe("no statement is waved through by its first word", () => {
    for (const sql of [
      "GRANT SELECT ON nothing_here TO PUBLIC",
      "GRANT SELECT ON public.plain TO nobody_here",
      "GRANT FLY ON public.plain TO PUBLIC",
      "REVOKE SELECT ON nothing_here FROM PUBLIC",
      "ANALYZE nothing_here",
      "ANALYZE plain plain",
      "VACUUM nothing_here",
      "VACUUM FULL plain plain",
      "CREATE USER one PASSWORD",
      "CREATE SCHEMA a b",
      "DROP TABLE nothing_here",
      "ALTER TABLE plain OWNER TO nobody_here",
      "ALTER TABLE plain OWNER TO redshift redshift",
      "ALTER TABLE nothing_here ALTER SORTKEY AUTO",
      "ALTER TABLE plain ALTER SORTKEY (nothing_here)",
      "TRUNCATE nothing_here",
      "SET no_such_setting TO 1",
      "SET statement_timeout TO soon",
      "COMMENT ON nothing_here",
      "EXPLAIN nothing",
      "FLY",
      "",
    ])
      it(`refuses ${sql === "" ? "nothing" : sql}`, async () => {
        const error = await rig.refused(sql === "" ? "-- nothing" : sql);
        assert.match(error, /^ERROR: .* \[ErrorId: 1-[0-9a-f-]+\]$/s);
      });
  });
});
