// AWS.md 1 and 10, "COPY": which values fit a column, and what becomes of those that do not.
import assert from "node:assert/strict";
import { lines, openCopies, type Copies, type Load } from "./copy-loads.ts";
import type { Cell } from "../../helpers/stand-in.ts";
import type { StandInRig } from "../../helpers/stand-in.ts";

describe("stand-in: COPY, values", function () {
  this.timeout(30_000);
  let copies: Copies;
  let rig: StandInRig;
  before(async () => {
    copies = await openCopies();
    rig = copies.rig;
  });
  after(() => copies[Symbol.asyncDispose]());
  const loaded = (load: Load, select?: string) => copies.loaded(load, select);
  const failed = (load: Load) => copies.failed(load);
  const prepare = (load: Load) => copies.prepare(load);

  describe("values that fit or fail", () => {
    /** JSON text, column type, and the stored value, or the error's code. */
    const cases: readonly (readonly [string, string, Cell | { readonly code: number }])[] = [
      ["9223372036854775807", "VARCHAR(30)", "9223372036854775807"],
      ["9007199254740993", "BIGINT", "9007199254740993"],
      ["9223372036854775807", "BIGINT", "9223372036854775807"],
      ["9223372036854775808", "BIGINT", { code: 1222 }],
      ['"42"', "BIGINT", "42"],
      ["1.5", "BIGINT", { code: 1207 }],
      ["1.0", "BIGINT", { code: 1207 }],
      ["true", "BIGINT", { code: 1207 }],
      ["[1]", "BIGINT", { code: 1207 }],
      ["32768", "SMALLINT", { code: 1222 }],
      ["2147483648", "INT", { code: 1222 }],
      ["1e309", "FLOAT8", { code: 1208 }],
      ['"x"', "FLOAT8", { code: 1208 }],
      ["1.5", "FLOAT8", "1.5"],
      ["true", "BOOLEAN", "true"],
      ['"yes"', "BOOLEAN", "true"],
      ["0", "BOOLEAN", "false"],
      ["2", "BOOLEAN", { code: 1210 }],
      ["19.999", "DECIMAL(9,2)", "19.99"],
      ["-19.999", "DECIMAL(9,2)", "-19.99"],
      ['"0.1000000000000000055"', "DECIMAL(38,19)", "0.1000000000000000055"],
      ["0.1000000000000000055", "DECIMAL(38,19)", "0.1000000000000000000"],
      ["1234", "DECIMAL(5,2)", { code: 1209 }],
      ['"x"', "DECIMAL(5,2)", { code: 1209 }],
      ['"éé"', "VARCHAR(4)", "éé"],
      ['"ééé"', "VARCHAR(4)", { code: 1204 }],
      ['"abcd    "', "VARCHAR(4)", "abcd"],
      ['"é"', "CHAR(4)", { code: 1215 }],
      ["12", "VARCHAR(4)", "12"],
      ["true", "VARCHAR(4)", "true"],
      ['"2026-02-28"', "DATE", "2026-02-28"],
      ['"2026-02-29"', "DATE", { code: 1205 }],
      ['"yesterday"', "DATE", { code: 1205 }],
      ['"2026-02-28 01:02:03"', "TIMESTAMP", "2026-02-28 01:02:03"],
      ['"2026-02-28T01:02:03Z"', "TIMESTAMP", { code: 1206 }],
      ['"2026-02-28 25:02:03"', "TIMESTAMP", { code: 1206 }],
      ["1772240523", "TIMESTAMP", { code: 1206 }],
      ['"a\\u0000b"', "VARCHAR(9)", { code: 1220 }],
      ['"\\ud800"', "VARCHAR(9)", { code: 1220 }],
      ['"\\ud800"', "SUPER", { code: 1224 }],
      ['{"a":1,"a":2}', "SUPER", { code: 1224 }],
    ];
    for (const [json, type, expected] of cases)
      it(`${json} into ${type} ${typeof expected === "object" ? `fails` : `is ${expected}`}`, async () => {
        const { table, sql, url } = await prepare({ columns: `a ${type}`, data: `{"a":${json}}` });
        const ran = await rig.run(sql);
        if (typeof expected !== "object") {
          assert.equal(ran.error, "");
          const cast = type === "BOOLEAN" ? "CASE WHEN a THEN 'true' ELSE 'false' END" : "a::VARCHAR(100)";
          assert.deepEqual(await rig.rows(`SELECT ${cast} FROM ${table}`), [[expected]]);
          return;
        }
        assert.match(
          ran.error,
          /Load into table 'c\d+' failed\. {2}?Check 'sys_load_error_detail'|Load into table 'c\d+' failed/,
        );
        const details = await rig.rows(
          `SELECT error_code, TRIM(column_name) FROM sys_load_error_detail WHERE TRIM(file_name) = '${url}'`,
        );
        assert.deepEqual(details, [[expected!.code, "a"]]);
      });

    it("fails bytes that are not UTF-8", async () => {
      const data = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xc3]), Buffer.from('"}')]);

      assert.match((await failed({ columns: "a VARCHAR(9)", data })).details[0]!, /^1220/);
    });

    it("rounds decimals with ROUNDEC", async () => {
      const data = lines({ a: 1.255 }, { a: -1.256 }, { a: 2.994 });

      assert.deepEqual(await loaded({ columns: "a DECIMAL(5,2)", data, options: "ROUNDEC" }), [
        ["-1.26"],
        ["1.26"],
        ["2.99"],
      ]);
    });

    it("cuts text with TRUNCATECOLUMNS at a character boundary, and SUPER never", async () => {
      const data = lines({ a: "xéé" });
      assert.deepEqual(await loaded({ columns: "a VARCHAR(4)", data, options: "TRUNCATECOLUMNS" }), [["xé"]]);
      const long = lines({ a: "x".repeat(65_536) });
      assert.match(
        (await failed({ columns: "a SUPER", data: long, options: "TRUNCATECOLUMNS" })).details[0]!,
        /^1224/,
      );
    });
  });

  describe("times", () => {
    it("TIMEFORMAT 'auto' takes ISO 8601, with zones into TIMESTAMPTZ, and no epoch numbers", async () => {
      const data = lines(
        { n: 1, t: "2026-01-02T03:04:05.678Z", z: "2026-01-02T03:04:05.678+02:00" },
        { n: 2, t: "2026-01-02 03:04:05", z: "2026-01-02 03:04:05" },
      );
      const columns = "n BIGINT, t TIMESTAMP, z TIMESTAMPTZ";
      assert.deepEqual(await loaded({ columns, data, options: "TIMEFORMAT 'auto'" }), [
        [1, "2026-01-02 03:04:05.678", "2026-01-02 01:04:05.678+00"],
        [2, "2026-01-02 03:04:05", "2026-01-02 03:04:05+00"],
      ]);
      for (const t of [1_772_240_523, "1772240523"])
        assert.match(
          (await failed({ columns, data: lines({ n: 1, t }), options: "TIMEFORMAT 'auto'" })).details[0]!,
          /^1206/,
        );
    });

    it("'epochsecs' and 'epochmillisecs' hold for the whole COPY", async () => {
      const columns = "t TIMESTAMP";
      assert.deepEqual(
        await loaded({ columns, data: lines({ t: 1_772_240_523 }), options: "TIMEFORMAT 'epochsecs'" }),
        [["2026-02-28 01:02:03"]],
      );
      assert.deepEqual(
        await loaded({
          columns,
          data: lines({ t: 1_772_240_523_456 }),
          options: "TIMEFORMAT 'epochmillisecs'",
        }),
        [["2026-02-28 01:02:03.456"]],
      );
      assert.match(
        (
          await failed({
            columns,
            data: lines({ t: "2026-02-28 01:02:03" }),
            options: "TIMEFORMAT 'epochsecs'",
          })
        ).details[0]!,
        /^1206/,
      );
    });

    it("the format's keywords are case-sensitive", async () => {
      assert.match(
        (await failed({ columns: "t TIMESTAMP", data: "{}", options: "TIMEFORMAT 'AUTO'" })).error,
        /TIMEFORMAT/,
      );
    });

    it("ACCEPTANYDATE makes NULL of what is no date", async () => {
      assert.deepEqual(
        await loaded({
          columns: "d DATE, t TIMESTAMP",
          data: lines({ d: "never", t: "never" }),
          options: "ACCEPTANYDATE DATEFORMAT 'auto' TIMEFORMAT 'auto'",
        }),
        [[null, null]],
      );
    });
  });

  describe("limits", () => {
    const bytes = (text: string, more: string) => `{"a":1,"b":"${text}"${more}}`;

    it("a line has 4,000,000 bytes at the most, each | counted twice", async () => {
      const frame = bytes("", "").length;
      assert.deepEqual(
        await loaded({ columns: "a BIGINT", data: bytes("x".repeat(4_000_000 - frame), "") }),
        [[1]],
      );
      assert.match(
        (await failed({ columns: "a BIGINT", data: bytes("x".repeat(4_000_001 - frame), "") })).details[0]!,
        /^1216/,
      );
      assert.match(
        (await failed({ columns: "a BIGINT", data: bytes("|".repeat(2_000_001), "") })).details[0]!,
        /^1216/,
      );
    });

    it("a string in SUPER has 65,535 bytes at the most", async () => {
      const columns = "a SUPER";
      const longest = `${"é".repeat(32_767)}x`;
      assert.deepEqual(await loaded({ columns, data: lines({ a: [longest] }) }, "LEN(a[0]::VARCHAR(MAX))"), [
        [32_768],
      ]);
      assert.match((await failed({ columns, data: lines({ a: [`${longest}x`] }) })).details[0]!, /^1224/);
    });

    it("SUPER nests 1,000 levels deep at the most", async () => {
      const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      assert.equal((await loaded({ columns: "a SUPER", data: nested(1000) })).length, 1);
      assert.match((await failed({ columns: "a SUPER", data: nested(1001) })).details[0]!, /^1224/);
    });

    it("a SUPER value has 16 MB at the most, which no line of 4 MB reaches", async () => {
      const value = JSON.stringify(Array.from({ length: 61 }, () => "x".repeat(65_000)));
      assert.deepEqual(await loaded({ columns: "a SUPER", data: `{"a":${value}}` }, "GET_ARRAY_LENGTH(a)"), [
        [61],
      ]);
    });

    it("VARCHAR takes 65,535 bytes", async () => {
      assert.equal(
        (await loaded({ columns: "a VARCHAR(65535)", data: lines({ a: "x".repeat(65_535) }) })).length,
        1,
      );
      assert.match(
        (await failed({ columns: "a VARCHAR(65535)", data: lines({ a: "x".repeat(65_536) }) })).details[0]!,
        /^1204/,
      );
    });
  });
});
