// AWS.md 2 and 10, "Tables": DDL, types and DML as Redshift has them.
import assert from "node:assert/strict";
import { openStandIn, type StandInRig } from "../../helpers/stand-in.ts";

describe("stand-in: tables", function () {
  this.timeout(30_000);
  let rig: StandInRig;
  let tables = 0;
  before(async () => void (rig = await openStandIn()));
  after(() => rig[Symbol.asyncDispose]());

  /** A new table with these columns; returns its name. */
  async function table(columns: string, attributes = ""): Promise<string> {
    const name = `t${(tables += 1)}`;
    await rig.ok(`CREATE TABLE ${name} (${columns}) ${attributes}`);
    return name;
  }
  const typesOf = (name: string) =>
    rig.rows(
      `SELECT column_name, data_type, character_maximum_length FROM svv_columns WHERE table_name = '${name}' ORDER BY ordinal_position`,
    );

  describe("keys and constraints", () => {
    it("parses PRIMARY KEY, UNIQUE and REFERENCES and enforces none of them, only NOT NULL", async () => {
      const other = await table("id BIGINT");
      const name = await table(
        `a BIGINT PRIMARY KEY, b BIGINT UNIQUE, c BIGINT REFERENCES ${other} (id), UNIQUE (a, b), FOREIGN KEY (c) REFERENCES ${other} (id)`,
      );
      await rig.ok(`INSERT INTO ${name} VALUES (1, 1, 99), (1, 1, 99)`);

      assert.deepEqual(await rig.rows(`SELECT COUNT(*) FROM ${name}`), [[2]]);
      assert.match(await rig.refused(`INSERT INTO ${name} VALUES (NULL, 1, 1)`), /null value/);
    });

    it("takes DISTKEY, SORTKEY, DISTSTYLE, ENCODE and BACKUP, and knows their columns", async () => {
      const name = await table(
        "a BIGINT ENCODE AZ64 DISTKEY, b TIMESTAMPTZ SORTKEY, c VARCHAR(20) ENCODE ZSTD",
        "BACKUP NO DISTSTYLE KEY",
      );
      await table("a BIGINT, b BIGINT", "DISTSTYLE EVEN COMPOUND SORTKEY (a, b)");
      await table("a BIGINT, b BIGINT", "SORTKEY AUTO ENCODE AUTO");

      for (const sql of [
        "CREATE TABLE x (a BIGINT) SORTKEY (nothing)",
        "CREATE TABLE x (a BIGINT) DISTKEY (a, a)",
        "CREATE TABLE x (a BIGINT) DISTSTYLE SOMEHOW",
        "CREATE TABLE x (a BIGINT ENCODE FAST)",
        "CREATE TABLE x (a VARCHAR(9) ENCODE AZ64)",
        "CREATE TABLE x (a SUPER) SORTKEY (a)",
        "CREATE TABLE x (a SUPER DISTKEY)",
        "CREATE TABLE x (a SUPER SORTKEY)",
        `ALTER TABLE ${name} DROP COLUMN a`,
        `ALTER TABLE ${name} DROP COLUMN b`,
      ])
        assert.match(await rig.refused(sql), /ERROR/, sql);
      await rig.ok(`ALTER TABLE ${name} DROP COLUMN c`);
    });

    it("alters sort keys, distribution and encodings without touching rows", async () => {
      const name = await table("a BIGINT, b VARCHAR(10), s SUPER");
      for (const action of [
        "SORTKEY (a)",
        "SORTKEY AUTO",
        "DISTSTYLE EVEN",
        "DISTSTYLE KEY DISTKEY a",
        "ENCODE AUTO",
      ])
        await rig.ok(`ALTER TABLE ${name} ALTER ${action}`);
      await rig.ok(`ALTER TABLE ${name} ALTER COLUMN b ENCODE LZO`);

      assert.match(await rig.refused(`ALTER TABLE ${name} ALTER SORTKEY (s)`), /SUPER/);
      assert.match(await rig.refused(`ALTER TABLE ${name} ALTER DISTKEY nothing`), /does not exist/);
    });
  });

  describe("ALTER TABLE", () => {
    it("adds one column a statement, with a constant default, and has no IF NOT EXISTS", async () => {
      const name = await table("a BIGINT");
      await rig.ok(`INSERT INTO ${name} VALUES (1)`);
      await rig.ok(`ALTER TABLE ${name} ADD COLUMN b VARCHAR(10) DEFAULT 'x' NOT NULL`);

      assert.deepEqual(await rig.rows(`SELECT a, b FROM ${name}`), [[1, "x"]]);
      for (const action of [
        "ADD COLUMN IF NOT EXISTS c BIGINT",
        "ADD COLUMN c BIGINT, ADD COLUMN d BIGINT",
        "ADD COLUMN b BIGINT",
        "ADD COLUMN c BIGINT UNIQUE",
        "ADD COLUMN c BIGINT PRIMARY KEY",
        "ADD COLUMN c BIGINT REFERENCES other",
        "ADD COLUMN c BIGINT IDENTITY(1, 1)",
        "ADD COLUMN c BIGINT DISTKEY",
        "ADD COLUMN c BIGINT SORTKEY",
        "ADD COLUMN c BIGINT NOT NULL",
        "ADD COLUMN c BIGINT DEFAULT a",
        "ADD COLUMN xmin BIGINT",
      ])
        assert.match(await rig.refused(`ALTER TABLE ${name} ${action}`), /ERROR/, action);
    });

    it("changes the length of VARCHAR columns only", async () => {
      const name = await table("a VARCHAR(5), b BIGINT, c CHAR(5)");
      await rig.ok(`INSERT INTO ${name} VALUES ('12345', 1, 'x')`);
      await rig.ok(`ALTER TABLE ${name} ALTER COLUMN a TYPE VARCHAR(10)`);
      await rig.ok(`INSERT INTO ${name} VALUES ('1234567890', 1, 'x')`);

      assert.match(await rig.refused(`INSERT INTO ${name} VALUES ('12345678901', 1, 'x')`), /too long/);
      assert.deepEqual((await typesOf(name))[0], ["a", "character varying", 10]);
      for (const action of [
        "ALTER COLUMN a TYPE VARCHAR(9)",
        "ALTER COLUMN a TYPE VARCHAR(70000)",
        "ALTER COLUMN a TYPE BIGINT",
        "ALTER COLUMN b TYPE VARCHAR(10)",
        "ALTER COLUMN b TYPE DOUBLE PRECISION",
        "ALTER COLUMN c TYPE VARCHAR(10)",
        "ALTER COLUMN a SET NOT NULL",
        "ALTER COLUMN a DROP NOT NULL",
        "ALTER COLUMN a SET DEFAULT 'x'",
        "ALTER COLUMN a DROP DEFAULT",
      ])
        assert.match(await rig.refused(`ALTER TABLE ${name} ${action}`), /ERROR/, action);
    });

    for (const [what, column] of [
      ["a default", "VARCHAR(5) DEFAULT 'x'"],
      ["a primary key", "VARCHAR(5) PRIMARY KEY"],
      ["UNIQUE", "VARCHAR(5) UNIQUE"],
      ["ENCODE BYTEDICT", "VARCHAR(5) ENCODE BYTEDICT"],
      ["ENCODE RUNLENGTH", "VARCHAR(5) ENCODE RUNLENGTH"],
      ["ENCODE TEXT255", "VARCHAR(5) ENCODE TEXT255"],
      ["ENCODE TEXT32K", "VARCHAR(5) ENCODE TEXT32K"],
    ] as const)
      it(`does not resize a VARCHAR with ${what}`, async () => {
        const name = await table(`a ${column}`);

        assert.match(
          await rig.refused(`ALTER TABLE ${name} ALTER COLUMN a TYPE VARCHAR(10)`),
          /cannot alter/,
        );
      });

    it("resizes a VARCHAR after its encoding was changed", async () => {
      const name = await table("a VARCHAR(5) ENCODE TEXT255");
      await rig.ok(`ALTER TABLE ${name} ALTER COLUMN a ENCODE ZSTD`);
      await rig.ok(`ALTER TABLE ${name} ALTER COLUMN a TYPE VARCHAR(10)`);
      await rig.ok(`INSERT INTO ${name} VALUES ('1234567890')`);
    });

    it("keeps limits through add, copy, drop and rename, twice over", async () => {
      const name = await table("a VARCHAR(5)");
      for (let turn = 0; turn < 2; turn += 1) {
        await rig.ok(`ALTER TABLE ${name} ADD COLUMN a_new VARCHAR(5)`);
        await rig.ok(`UPDATE ${name} SET a_new = a`);
        await rig.ok(`ALTER TABLE ${name} DROP COLUMN a`);
        await rig.ok(`ALTER TABLE ${name} RENAME COLUMN a_new TO a`);
      }

      assert.match(await rig.refused(`INSERT INTO ${name} VALUES ('123456')`), /too long/);
    });
  });

  describe("in a batch transaction", () => {
    for (const [what, sql] of [
      ["a VARCHAR resize", "ALTER TABLE resized ALTER COLUMN a TYPE VARCHAR(9)"],
      ["VACUUM", "VACUUM resized"],
      ["ALTER TABLE APPEND", "ALTER TABLE resized APPEND FROM resized_too"],
    ] as const)
      it(`refuses ${what}, which undoes the batch, and takes it alone or under AUTO_COMMIT`, async () => {
        await rig.ok("CREATE TABLE IF NOT EXISTS resized (a VARCHAR(5))");
        await rig.ok("CREATE TABLE IF NOT EXISTS resized_too (a VARCHAR(5))");
        await rig.ok("DELETE FROM resized");

        const ran = await rig.batch(["INSERT INTO resized VALUES ('x')", sql]);

        assert.match(ran.error, /cannot run inside a transaction block/);
        assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM resized"), [[0]]);
        assert.equal((await rig.batch([sql], "AUTO_COMMIT")).status, "FINISHED");
        await rig.ok(sql);
      });

    it("takes LOCK, which is refused alone", async () => {
      const name = await table("a BIGINT");
      await rig.ok(`LOCK TABLE ${name}`, "SELECT 1");

      assert.match(await rig.refused(`LOCK TABLE ${name}`), /transaction block/);
    });

    it("commits with TRUNCATE what came before it", async () => {
      const [one, two] = [await table("a BIGINT"), await table("a BIGINT")];
      await rig.ok(`INSERT INTO ${two} VALUES (1)`);

      const ran = await rig.batch([`INSERT INTO ${one} VALUES (1)`, `TRUNCATE ${two}`, "SELECT 1/0"]);

      assert.equal(ran.status, "FAILED");
      assert.deepEqual(
        await rig.rows(`SELECT (SELECT COUNT(*) FROM ${one}), (SELECT COUNT(*) FROM ${two})`),
        [[1, 0]],
      );
    });

    it("undoes CREATE, DROP and ADD COLUMN", async () => {
      const name = await table("a BIGINT");
      await rig.batch([
        `ALTER TABLE ${name} ADD COLUMN b BIGINT`,
        "CREATE TABLE undone (a BIGINT)",
        "SELECT 1/0",
      ]);
      await rig.batch([`DROP TABLE ${name}`, "SELECT 1/0"]);

      assert.deepEqual(await typesOf(name), [["a", "bigint", null]]);
      assert.match(await rig.refused("SELECT * FROM undone"), /does not exist/);
    });
  });

  it("moves the rows of ALTER TABLE APPEND and empties their source", async () => {
    const [to, from] = [await table("a BIGINT"), await table("a BIGINT")];
    await rig.ok(`INSERT INTO ${from} VALUES (1), (2)`);
    await rig.ok(`ALTER TABLE ${to} APPEND FROM ${from}`);

    assert.deepEqual(await rig.rows(`SELECT (SELECT COUNT(*) FROM ${to}), (SELECT COUNT(*) FROM ${from})`), [
      [2, 0],
    ]);
  });

  describe("CREATE TABLE", () => {
    it("with IF NOT EXISTS looks at the name only", async () => {
      const name = await table("a BIGINT");
      await rig.ok(`CREATE TABLE IF NOT EXISTS ${name} (other VARCHAR(5))`);
      assert.deepEqual(await typesOf(name), [["a", "bigint", null]]);

      await rig.ok("CREATE TABLE IF NOT EXISTS brand_new (other VARCHAR(5))");
      assert.deepEqual(await typesOf("brand_new"), [["other", "character varying", 5]]);
      assert.match(await rig.refused("INSERT INTO brand_new VALUES ('123456')"), /too long/);
    });

    it("takes LIKE with and without defaults, keeping types and NOT NULL", async () => {
      const name = await table("a BIGINT NOT NULL, b VARCHAR(3) DEFAULT 'xyz'");
      await rig.ok(`CREATE TABLE like_bare (LIKE ${name})`);
      await rig.ok(`CREATE TABLE like_full (LIKE ${name} INCLUDING DEFAULTS)`);
      await rig.ok("INSERT INTO like_bare (a) VALUES (1)");
      await rig.ok("INSERT INTO like_full (a) VALUES (1)");

      assert.deepEqual(
        await rig.rows("SELECT b FROM like_bare UNION ALL SELECT b FROM like_full ORDER BY 1"),
        [["xyz"], [null]],
      );
      assert.match(await rig.refused("INSERT INTO like_bare (a, b) VALUES (1, 'wxyz')"), /too long/);
      assert.match(await rig.refused("INSERT INTO like_bare (b) VALUES ('x')"), /null value/);
    });

    it("makes a table of a query, with types", async () => {
      const name = await table("a BIGINT, b VARCHAR(5), s SUPER");
      await rig.ok(`CREATE TABLE of_query AS SELECT a, b, s FROM ${name}`);

      assert.deepEqual(
        (await typesOf("of_query")).map((row) => row[1]),
        ["bigint", "character varying", "super"],
      );
    });

    it("has 1,600 columns and not more", async () => {
      const columns = (count: number) => Array.from({ length: count }, (_, n) => `c${n} BIGINT`).join(", ");
      await rig.ok(`CREATE TABLE widest (${columns(1600)})`);

      assert.match(await rig.refused(`CREATE TABLE too_wide (${columns(1601)})`), /1600/);
    });

    it("takes no schema for a temporary table", async () => {
      assert.match(await rig.refused("CREATE TEMP TABLE public.x (a BIGINT)"), /temporary/);
      await rig.ok('CREATE TABLE "#x" (a BIGINT)', 'INSERT INTO "#x" VALUES (1)');
      assert.match(await rig.refused('SELECT * FROM "#x"'), /does not exist/);
    });
  });

  describe("types", () => {
    for (const type of [
      "SMALLINT",
      "INT4",
      "BIGINT",
      "DECIMAL(38, 37)",
      "REAL",
      "DOUBLE PRECISION",
      "FLOAT",
      "BOOLEAN",
      "CHAR(4096)",
      "VARCHAR(65535)",
      "VARCHAR(MAX)",
      "NVARCHAR(10)",
      "TEXT",
      "DATE",
      "TIMESTAMP",
      "TIMESTAMP WITHOUT TIME ZONE",
      "TIMESTAMPTZ",
      "TIMESTAMP WITH TIME ZONE",
      "SUPER",
    ])
      it(`has ${type}`, async () => void (await table(`a ${type}`)));

    for (const type of [
      "VARCHAR(65536)",
      "VARCHAR(0)",
      "CHAR(4097)",
      "DECIMAL(39, 0)",
      "DECIMAL(5, 6)",
      "JSON",
      "UUID",
      "BYTEA",
      "BIGSERIAL",
      "XML",
      "MONEY",
      "INET",
      "BIGINT[]",
      "TINYINT",
      "STRING",
    ])
      it(`refuses ${type}`, async () => {
        assert.match(await rig.refused(`CREATE TABLE no_type (a ${type})`), /ERROR/);
      });

    it("reads VARCHAR and TEXT without a length as 256 bytes, CHAR as 1, DECIMAL as (18,0)", async () => {
      const name = await table("a VARCHAR, b TEXT, c CHAR, d DECIMAL");
      await rig.ok(`INSERT INTO ${name} (d) VALUES (1.6)`);

      assert.deepEqual(
        (await typesOf(name)).slice(0, 2).map((row) => row[2]),
        [256, 256],
      );
      assert.deepEqual(await rig.rows(`SELECT d FROM ${name}`), [["2"]]);
      assert.match(await rig.refused(`INSERT INTO ${name} (c) VALUES ('xy')`), /too long/);
      assert.match(await rig.refused(`INSERT INTO ${name} (d) VALUES (1e18)`), /overflow/);
    });

    it("counts the bytes of VARCHAR, also on INSERT and UPDATE, blanks at the end left out", async () => {
      const name = await table("a VARCHAR(4)");
      await rig.ok(`INSERT INTO ${name} VALUES ('éé'), ('1234      ')`);

      assert.match(await rig.refused(`INSERT INTO ${name} VALUES ('ééé')`), /character varying\(4\)/);
      assert.match(await rig.refused(`UPDATE ${name} SET a = a || 'x'`), /character varying\(4\)/);
    });

    it("cuts a cast to VARCHAR at a character boundary by bytes", async () => {
      assert.deepEqual(await rig.rows("SELECT 'aéé'::VARCHAR(4), CAST('😀😀' AS VARCHAR(5))"), [
        ["aé", "😀"],
      ]);
    });

    it("keeps integers in their ranges", async () => {
      const name = await table("a SMALLINT, b INT, c BIGINT");
      await rig.ok(`INSERT INTO ${name} VALUES (32767, 2147483647, 9223372036854775807)`);

      assert.match(await rig.refused(`INSERT INTO ${name} (a) VALUES (32768)`), /out of range/);
      assert.match(await rig.refused(`INSERT INTO ${name} (c) VALUES (9223372036854775808)`), /out of range/);
    });
  });

  describe("IDENTITY", () => {
    it("counts from its seed by its step, and takes no value", async () => {
      const name = await table("id BIGINT IDENTITY(5, 10), a BIGINT");
      await rig.ok(`INSERT INTO ${name} (a) VALUES (1)`);
      await rig.ok(`INSERT INTO ${name} (a) VALUES (2)`);

      assert.deepEqual(await rig.rows(`SELECT id, a FROM ${name} ORDER BY a`), [
        [5, 1],
        [15, 2],
      ]);
      assert.match(await rig.refused(`INSERT INTO ${name} (id, a) VALUES (1, 1)`), /ERROR/);
    });

    it("GENERATED BY DEFAULT takes values", async () => {
      const name = await table("id BIGINT GENERATED BY DEFAULT AS IDENTITY(1, 1), a BIGINT");
      await rig.ok(`INSERT INTO ${name} (id, a) VALUES (77, 1)`);

      assert.deepEqual(await rig.rows(`SELECT id FROM ${name}`), [[77]]);
    });

    for (const columns of [
      "id VARCHAR(5) IDENTITY(1, 1)",
      "id DECIMAL IDENTITY(1, 1)",
      "a BIGINT IDENTITY(1, 1), b BIGINT IDENTITY(1, 1)",
      "id BIGINT IDENTITY",
      "id BIGINT IDENTITY(1)",
      "id BIGINT IDENTITY(1, 0)",
      "id BIGINT DEFAULT 1 IDENTITY(1, 1)",
    ])
      it(`refuses ${columns}`, async () => {
        assert.match(await rig.refused(`CREATE TABLE no_identity (${columns})`), /ERROR/);
      });
  });

  describe("MERGE", () => {
    const matched = "WHEN MATCHED THEN UPDATE SET v = s.v";
    const missing = "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v)";
    before(async () => {
      await rig.ok("CREATE TABLE merged (k BIGINT, v BIGINT)");
      await rig.ok("CREATE TABLE source (k BIGINT, v BIGINT)");
    });
    beforeEach(async () => {
      await rig.ok("DELETE FROM merged", "INSERT INTO merged VALUES (1, 1)");
      await rig.ok("DELETE FROM source", "INSERT INTO source VALUES (1, 10), (2, 20)");
    });

    it("updates what matches and inserts the rest", async () => {
      await rig.ok(`MERGE INTO merged USING source AS s ON merged.k = s.k ${matched} ${missing}`);

      assert.deepEqual(await rig.rows("SELECT k, v FROM merged ORDER BY k"), [
        [1, 10],
        [2, 20],
      ]);
    });

    it("fails when two rows of the source match one of the target", async () => {
      await rig.ok("INSERT INTO source VALUES (1, 11)");

      assert.match(
        await rig.refused(`MERGE INTO merged USING source AS s ON merged.k = s.k ${matched} ${missing}`),
        /Found multiple matches to update the same tuple/,
      );
    });

    for (const sql of [
      `MERGE INTO merged USING source AS s ON merged.k = s.k ${matched}`,
      `MERGE INTO merged USING source AS s ON merged.k = s.k ${missing}`,
      `MERGE INTO merged USING source AS s ON merged.k = s.k ${matched} ${matched} ${missing}`,
      `MERGE INTO merged USING source AS s ON merged.k = s.k WHEN MATCHED AND s.v > 1 THEN UPDATE SET v = 1 ${missing}`,
      `MERGE INTO merged USING source AS s ON merged.k = s.k WHEN MATCHED THEN DO NOTHING ${missing}`,
      `MERGE INTO merged AS m USING source AS s ON m.k = s.k ${matched} ${missing}`,
      `MERGE INTO merged USING source AS s ON merged.k > s.k ${matched} ${missing}`,
      `MERGE INTO merged USING merged AS s ON merged.k = s.k ${matched} ${missing}`,
      `MERGE INTO merged USING (SELECT * FROM merged) AS s ON merged.k = s.k ${matched} ${missing}`,
      `MERGE INTO merged USING (WITH x AS (SELECT 1 AS k, 2 AS v) SELECT * FROM x) AS s ON merged.k = s.k ${matched} ${missing}`,
    ])
      it(`refuses ${sql}`, async () => {
        assert.match(await rig.refused(sql), /ERROR/);
      });
  });

  describe("DML", () => {
    it("takes DELETE without FROM, DELETE USING and UPDATE FROM", async () => {
      const [one, two] = [await table("a BIGINT, b BIGINT"), await table("a BIGINT")];
      await rig.ok(`INSERT INTO ${one} VALUES (1, 0), (2, 0), (3, 0)`);
      await rig.ok(`INSERT INTO ${two} VALUES (2)`);
      await rig.ok(`UPDATE ${one} SET b = 9 FROM ${two} WHERE ${one}.a = ${two}.a`);
      await rig.ok(`DELETE FROM ${one} USING ${two} WHERE ${one}.a = ${two}.a + 1`);
      await rig.ok(`DELETE ${one} WHERE a = 1`);

      assert.deepEqual(await rig.rows(`SELECT a, b FROM ${one}`), [[2, 9]]);
    });

    it("writes nothing through a view", async () => {
      const name = await table("a BIGINT");
      await rig.ok(`INSERT INTO ${name} VALUES (1)`);
      await rig.ok(`CREATE VIEW seen AS SELECT a FROM ${name}`);

      assert.match(await rig.refused("INSERT INTO seen VALUES (1)"), /view/);
      assert.match(await rig.refused("DELETE FROM seen"), /view/);
    });

    it("divides by zero only where a CASE lets it come to that", async () => {
      const guard = (n: number) =>
        `SELECT 1 / (CASE WHEN COUNT(*) = ${n} THEN 1 ELSE 0 END) FROM svv_tables WHERE 1 = 0`;
      await rig.ok(guard(0));

      assert.match(await rig.refused(guard(1)), /divi(de|sion) by zero/i);
    });
  });

  describe("SUPER", () => {
    before(async () => {
      await rig.ok("CREATE TABLE supers (s SUPER)");
      await rig.ok(
        `INSERT INTO supers SELECT JSON_PARSE('{"a":{"b":[10,{"C":"x"}]},"n":null,"big":12345678901234567890}')`,
      );
    });

    it("is navigated by dots and brackets; what is not there is NULL", async () => {
      const rows = await rig.rows(
        `SELECT t.s.a.b[0]::BIGINT, t.s.a.b[7], t.s.nothing.at.all, t.s."n", t.s.a.b[1]."C"::VARCHAR FROM supers t`,
      );

      assert.deepEqual(rows, [[10, null, null, null, null]]); // "C" folds to c
    });

    it("finds keys in upper case under enable_case_sensitive_identifier", async () => {
      const ran = await rig.ok(
        "SET enable_case_sensitive_identifier TO true",
        `SELECT t.s.a.b[1]."C"::VARCHAR FROM supers t`,
      );

      assert.deepEqual(ran.results[1], [["x"]]);
    });

    it("gives NULL when an object or array is cast to VARCHAR, and its text by JSON_SERIALIZE", async () => {
      const rows = await rig.rows(
        "SELECT t.s.a::VARCHAR, JSON_SERIALIZE(t.s.a.b), t.s.big::DECIMAL(20,0) FROM supers t",
      );

      assert.equal(rows[0]![0], null);
      assert.deepEqual(JSON.parse(String(rows[0]![1])), [10, { C: "x" }]);
      assert.equal(rows[0]![2], "12345678901234567890");
    });

    it("is not parsed from text with a key twice", async () => {
      assert.match(await rig.refused(`SELECT JSON_PARSE('{"a":1,"b":{"c":1,"c":2}}')`), /duplicate/i);
      assert.match(await rig.refused(`SELECT JSON_PARSE('{"a":')`), /ERROR/);
      const ran = await rig.ok(
        "SET json_parse_dedup_attributes TO ON",
        `SELECT JSON_SERIALIZE(JSON_PARSE('{"a":1,"a":2}'))`,
      );
      assert.deepEqual(JSON.parse(String(ran.results[1]![0]![0])), { a: 2 });
    });
  });
});
