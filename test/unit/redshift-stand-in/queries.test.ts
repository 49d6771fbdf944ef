// Functions, unnesting and SHOW TABLE, as the database developer guide has them.
import assert from "node:assert/strict";
import { openStandIn, type Cell, type StandInRig } from "../../helpers/stand-in.ts";

const parse = (json: string): string => `JSON_PARSE('${json}')`;

/** What each gives. Integers, texts and booleans arrive as what they are, everything else as text. */
const EXPRESSIONS: readonly (readonly [string, Cell])[] = [
  ["CAN_JSON_PARSE('[1,2]')", true],
  ["CAN_JSON_PARSE('[1,')", false],
  ...(["object", "array", "number", "string", "boolean", "null"] as const).map(
    (kind, at) =>
      [`JSON_TYPEOF(${parse(['{"a":1}', "[1]", "1.5", '"x"', "true", "null"][at]!)})`, kind] as const,
  ),
  [`IS_OBJECT(${parse("{}")})`, true],
  [`IS_OBJECT(${parse("[]")})`, false],
  [`IS_ARRAY(${parse("[]")})`, true],
  [`IS_SCALAR(${parse("1")})`, true],
  [`IS_SCALAR(${parse("[1]")})`, false],
  [`IS_BOOLEAN(${parse("true")})`, true],
  [`IS_BOOLEAN(${parse("1")})`, false],
  [`IS_VARCHAR(${parse('"x"')})`, true],
  [`IS_VARCHAR(${parse("1")})`, false],
  [`IS_BIGINT(${parse("9223372036854775807")})`, true],
  [`IS_INTEGER(${parse('"1"')})`, false],
  [`IS_DECIMAL(${parse("1.5")})`, true],
  [`JSON_SIZE(${parse("[12]")})`, 4],
  [`GET_ARRAY_LENGTH(ARRAY_CONCAT(${parse("[1]")}, ${parse("[2,3]")}))`, 3],
  ["JSON_TYPEOF(OBJECT('a', 1))", "object"],
  [`JSON_SERIALIZE(OBJECT('a', 1, 'b', ${parse("[2]")})) LIKE '{"a":%1,%"b":%[2]}'`, true],
  ["SHA2('abc', 256)", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["TO_HEX(TO_VARBYTE('ä', 'utf8'))", "c3a4"],
  ["NVL(NULL, 'x')", "x"],
  ["LEN('ä€')", 2],
  ["OCTET_LENGTH('ä€')", 5],
  ["SUBSTRING('abcd', 2, 2)", "bc"],
];

describe("stand-in: queries", function () {
  this.timeout(30_000);
  let rig: StandInRig;
  before(async () => {
    rig = await openStandIn();
    await rig.ok(
      "CREATE TABLE lines (n BIGINT NOT NULL, rescued SUPER)",
      `INSERT INTO lines SELECT 1, ${parse('[{"p":"a","t":["x"]},{"p":"b","t":["y"]}]')}`,
      `INSERT INTO lines SELECT 2, ${parse('[{"p":"a","t":["z"]}]')}`,
      `INSERT INTO lines SELECT 3, ${parse("[]")}`,
      "INSERT INTO lines (n) VALUES (4)",
    );
  });
  after(() => rig[Symbol.asyncDispose]());

  it("functions give what the guide says", async () => {
    for (const [expression, expected] of EXPRESSIONS) {
      const [row] = await rig.rows(`SELECT ${expression}`);
      assert.deepEqual(row, [expected], expression);
    }
    // PostgreSQL's own, and one of Redshift's that nothing here needs.
    for (const sql of ["SELECT gen_random_uuid()", "SELECT TRY_CAST('12' AS BIGINT)"])
      assert.match(await rig.refused(sql), /does not exist/, sql);
  });

  it("SYSDATE stands still in a transaction, GETDATE is the statement's time", async () => {
    const ran = await rig.batch([
      "SELECT SYSDATE, GETDATE()",
      "SELECT COUNT(*) FROM svv_columns a CROSS JOIN svv_columns b",
      "SELECT SYSDATE, GETDATE()",
    ]);
    const [[first], , [second]] = ran.results as [Cell[][], Cell[][], Cell[][]];

    assert.equal(first![0], second![0]);
    assert.ok(String(first![1]) <= String(second![1]));
    const [other] = await rig.rows("SELECT SYSDATE");
    assert.notEqual(other![0], first![0]);
  });

  it("LISTAGG joins in the order that it is told", async () => {
    const sql = "SELECT LISTAGG(CAST(n AS VARCHAR(9)), ',') WITHIN GROUP (ORDER BY n DESC) FROM lines";
    assert.deepEqual(await rig.rows(sql), [["4,3,2,1"]]);
  });

  describe("unnesting", () => {
    it("gives the elements of an array as rows, none for an empty array and for NULL", async () => {
      const rows = await rig.rows(
        "SELECT l.n, CAST(e.p AS VARCHAR(99)) FROM lines AS l, l.rescued AS e ORDER BY 1, 2",
      );
      assert.deepEqual(rows, [[1, "a"], [1, "b"], [2, "a"]]); // prettier-ignore
    });

    it("goes into elements, groups, and filters", async () => {
      assert.deepEqual(
        await rig.rows(
          "SELECT CAST(e.p AS VARCHAR(99)), COUNT(*) FROM lines AS l, l.rescued AS e WHERE l.n < 9 GROUP BY 1 ORDER BY 1",
        ),
        [["a", 2], ["b", 1]], // prettier-ignore
      );
      // Elements of elements it does not have, and says so (README).
      const nested = "SELECT CAST(t AS VARCHAR(99)) FROM lines AS l, l.rescued AS e, e.t AS t";
      assert.match(await rig.refused(nested), /does not exist/);
    });

    it("is PartiQL's alone: PostgreSQL's own words for it are refused", async () => {
      for (const sql of [
        "SELECT * FROM unnest(ARRAY[1])",
        "SELECT * FROM lines l CROSS JOIN LATERAL (SELECT 1) x",
        "SELECT * FROM lines, jsonb_array_elements(rescued)",
      ])
        assert.match(await rig.refused(sql), /syntax error|does not exist/, sql);
    });
  });

  describe("SHOW TABLE", () => {
    it("gives the statement that makes the table as it is now, with lengths, encodings and long names", async () => {
      const long = `n${"x".repeat(100)}`;
      await rig.ok('CREATE SCHEMA "shown"');
      await rig.ok(
        `CREATE TABLE shown."my table" (a BIGINT NOT NULL, "b c" VARCHAR(300) ENCODE zstd, ${long} SUPER)`,
      );
      await rig.ok(`ALTER TABLE shown."my table" ALTER COLUMN "b c" TYPE VARCHAR(500)`);
      await rig.ok(`ALTER TABLE shown."my table" ADD COLUMN d DECIMAL(18,2)`);

      const [row] = await rig.rows('SHOW TABLE shown."my table"');

      const text = String(row![0]);
      assert.match(text, /^CREATE TABLE shown\."my table" \(/);
      assert.match(text, /a bigint NOT NULL/);
      assert.match(text, /"b c" character varying\(500\) ENCODE zstd/);
      assert.ok(text.includes(`${long} super`));
      assert.match(text, /d numeric\(18,2\)/);
    });

    it("of a table that is not there fails, and so does more than one", async () => {
      assert.match(await rig.refused("SHOW TABLE shown.nothing"), /does not exist/);
      assert.match(await rig.refused("SHOW TABLE lines, lines"), /syntax error/);
    });
  });
});
