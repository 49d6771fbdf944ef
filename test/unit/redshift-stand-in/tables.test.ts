// AWS.md 2 and 10, "Tables": DDL as Redshift has it.
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
});
