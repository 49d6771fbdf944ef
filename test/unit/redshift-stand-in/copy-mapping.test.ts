// AWS.md 1 and 10, "COPY": which value goes to which column.
import assert from "node:assert/strict";
import { lines, openCopies, type Copies, type Load } from "./copy-loads.ts";
import type { StandInRig } from "../../helpers/stand-in.ts";

describe("stand-in: COPY, JSON mapping", function () {
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

  describe("JSON mapping", () => {
    it("'auto' matches keys exactly: one with a capital matches no column", async () => {
      const rows = await loaded({
        columns: "n BIGINT, userid BIGINT",
        data: lines({ n: 1, userId: 5 }, { n: 2, userid: 6 }),
      });

      assert.deepEqual(rows, [
        [1, null],
        [2, 6],
      ]);
    });

    it("'auto ignorecase' matches them", async () => {
      assert.deepEqual(
        await loaded({ columns: "userid BIGINT", data: lines({ userId: 5 }), json: "'auto ignorecase'" }),
        [[5]],
      );
    });

    it("FORMAT JSON alone is 'auto'", async () => {
      assert.deepEqual(await loaded({ columns: "a BIGINT", data: lines({ a: 1 }), json: "" }), [[1]]);
    });

    it("'noshred' loads whole documents into the one SUPER column", async () => {
      const { table, sql } = await prepare({
        columns: "doc SUPER",
        data: '{"B":[1,{"c":"ü"}]}\n',
        json: "'noshred'",
      });
      await rig.ok(sql);
      const rows = await rig.rows(`SELECT JSON_SERIALIZE(doc) FROM ${table}`);

      assert.deepEqual(JSON.parse(String(rows[0]![0])), { B: [1, { c: "ü" }] });
      assert.match(
        (await failed({ columns: "a SUPER, b SUPER", data: "{}", json: "'noshred'" })).error,
        /noshred/,
      );
    });

    it("drops keys without a column", async () => {
      assert.deepEqual(await loaded({ columns: "a BIGINT", data: lines({ a: 1, b: 2, __proto__x: 3 }) }), [
        [1],
      ]);
    });

    it("gives NULL for a missing key although the column has a DEFAULT, and DEFAULT for a column left out", async () => {
      const columns = "a BIGINT, b BIGINT DEFAULT 7, c BIGINT DEFAULT 8";

      assert.deepEqual(await loaded({ columns, data: lines({ a: 1 }) }), [[1, null, null]]);
      assert.deepEqual(await loaded({ columns, list: "a, b", data: lines({ a: 1 }) }), [[1, null, 8]]);
    });

    it("fails NULL into NOT NULL, and takes DEFAULT where there is one", async () => {
      const refusal = await failed({ columns: "a BIGINT NOT NULL", data: lines({ a: 1 }, { a: null }) });
      assert.match(refusal.details[0]!, /^1213 2 a /);
      assert.equal(refusal.rows, 0);

      assert.deepEqual(
        await loaded({
          columns: "a BIGINT, b VARCHAR(9) DEFAULT 'x' NOT NULL",
          data: lines({ a: 1 }, { a: 2, b: null }, { a: 3, b: "y" }),
        }),
        [
          [1, "x"],
          [2, "x"],
          [3, "y"],
        ],
      );
    });

    it("stores objects and arrays in VARCHAR as their text, if it fits", async () => {
      const text = '{"a": [1, {"b":"ü"}]}';
      assert.deepEqual(await loaded({ columns: "v VARCHAR(30)", data: `{"v":${text}}` }), [[text]]);
      assert.match((await failed({ columns: "v VARCHAR(10)", data: `{"v":${text}}` })).details[0]!, /^1204/);
    });

    it("parses anything into SUPER, scalars too", async () => {
      const { table, sql } = await prepare({
        columns: "n BIGINT, s SUPER",
        data: lines({ n: 1, s: "x" }, { n: 2, s: 1.5 }, { n: 3, s: [true] }, { n: 4, s: null }),
      });
      await rig.ok(sql);

      assert.deepEqual(await rig.rows(`SELECT JSON_SERIALIZE(s) FROM ${table} ORDER BY n`), [
        ['"x"'],
        ["1.5"],
        ["[true]"],
        [null],
      ]);
    });

    it("matches the top level only under 'auto'", async () => {
      assert.deepEqual(await loaded({ columns: "b BIGINT", data: lines({ a: { b: 1 } }) }), [[null]]);
    });

    it("keeps an empty string in text and makes it NULL elsewhere", async () => {
      const rows = await loaded({
        columns: "t VARCHAR(5), i BIGINT, f FLOAT8, d DECIMAL(5,2), b BOOLEAN, ts TIMESTAMP, da DATE",
        data: lines({ t: "", i: "", f: "", d: "", b: "", ts: "", da: "" }),
        options: "TIMEFORMAT 'auto'",
      });
      assert.deepEqual(rows, [["", null, null, null, null, null, null]]);
      assert.deepEqual(
        await loaded({ columns: "t VARCHAR(5)", data: lines({ t: "" }), options: "EMPTYASNULL" }),
        [[null]],
      );
      assert.deepEqual(
        await loaded({ columns: "t VARCHAR(5)", data: lines({ t: "  " }), options: "BLANKSASNULL" }),
        [[null]],
      );
    });

    it("reads escapes as the characters that they stand for", async () => {
      assert.deepEqual(
        await loaded({ columns: "t VARCHAR(50)", data: String.raw`{"t":"a\n\t\\\"\u00e9\ud83d\ude00"}` }),
        [['a\n\t\\"é😀']],
      );
    });

    it("takes blank lines, and fails commas, arrays and other text between objects", async () => {
      assert.deepEqual(await loaded({ columns: "a BIGINT", data: '\n{"a":1}\n  \r\n\n{"a":2}' }), [[1], [2]]);
      for (const data of [
        '{"a":1},\n{"a":2}',
        '[{"a":1}]',
        '{"a":1}\nx',
        '"a"',
        '{"a":1',
        "{'a':1}",
        '{"a":01}',
        '{"a":1}}',
      ])
        assert.match((await failed({ columns: "a BIGINT", data })).details[0] ?? "", /^1216 /, data);
    });
  });

  describe("jsonpaths files", () => {
    const data = lines({ A: { b: [10, { c: "x" }] }, "k.e'y": 2 });

    it("say which value goes to which column, in either notation, case-sensitively", async () => {
      const rows = await loaded({
        columns: "a BIGINT, b VARCHAR(9), c BIGINT, d BIGINT, whole SUPER",
        list: "a, b, c, d",
        data,
        paths: ["$['A']['b'][0]", "$.A.b[1].c", "$['k.e\\'y']", "$.a.b[0]"],
      });

      assert.deepEqual(rows, [[10, "x", 2, null, null]]);
    });

    it("load the whole document by $", async () => {
      const { table, sql } = await prepare({
        columns: "n BIGINT, doc SUPER",
        data: '{"n":1,"X":[]}',
        paths: ["$.n", "$"],
      });
      await rig.ok(sql);

      assert.deepEqual(
        (await rig.rows(`SELECT n, JSON_SERIALIZE(doc) FROM ${table}`)).map((row) => [
          row[0],
          JSON.parse(String(row[1])),
        ]),
        [[1, { n: 1, X: [] }]],
      );
    });

    it("give NULL for a missing member and fail a missing index", async () => {
      assert.deepEqual(await loaded({ columns: "a BIGINT", data, paths: ["$.nothing.at.all"] }), [[null]]);
      for (const path of ["$.A.b[2]", "$.A[0]", "$[0]"])
        assert.match(
          (await failed({ columns: "a BIGINT", data, paths: [path] })).details[0]!,
          /Not an array or index out of range/,
        );
    });

    it("read a line that is an array", async () => {
      assert.deepEqual(
        await loaded({
          columns: "a BIGINT, b VARCHAR(5)",
          data: '[1,"x"]\n[2,"y"]',
          paths: ["$[0]", "$[1]"],
        }),
        [
          [1, "x"],
          [2, "y"],
        ],
      );
      assert.deepEqual(await loaded({ columns: "a BIGINT", data: '[{"k":1}]', paths: ["$[0]['k']"] }), [[1]]);
    });

    it("have as many paths as there are columns", async () => {
      for (const paths of [["$.a"], ["$.a", "$.b", "$.c"]])
        assert.match(
          (await failed({ columns: "a BIGINT, b BIGINT", data: "{}", paths })).error,
          /should match/,
        );
    });

    it("are ignored in silence, for 'auto', when their member is misnamed", async () => {
      assert.deepEqual(
        await loaded({ columns: "a BIGINT", data: lines({ a: 1, b: 2 }), paths: '{"jsonPaths":["$.b"]}' }),
        [[1]],
      );
    });

    for (const paths of [
      '{"jsonpaths":["$.a"]} {}',
      '{"jsonpaths":["$.a"]',
      '{"jsonpaths":[]}',
      '{"jsonpaths":[1]}',
      '{"jsonpaths":[""]}',
      '{"jsonpaths":"$.a"}',
      '["$.a"]',
      '{"jsonpaths":["a"]}',
      `{"jsonpaths":["$['a'].b"]}`,
      `{"jsonpaths":["$.a['b']"]}`,
      '{"jsonpaths":["$.a[*]"]}',
      '{"jsonpaths":["$..a"]}',
      '{"jsonpaths":["$.a[-1]"]}',
      '{"jsonpaths":["$[?(@.a)]"]}',
    ])
      it(`fail as ${paths}, whatever MAXERROR`, async () => {
        assert.notEqual(
          (await failed({ columns: "a BIGINT", data: "{}", paths, options: "MAXERROR 100" })).error,
          "",
        );
      });

    it("fail when there is no such object", async () => {
      assert.match(
        (await failed({ columns: "a BIGINT", data: "{}", json: "'s3://bucket/paths/none.json'" })).error,
        /JSONPath/,
      );
    });
  });

  describe("IDENTITY columns", () => {
    it("number the rows, unless EXPLICIT_IDS gives their values", async () => {
      const columns = "id BIGINT IDENTITY(1, 1), a BIGINT";
      const data = lines({ id: 50, a: 1 });
      assert.deepEqual(await loaded({ columns, data }), [[1, 1]]);
      assert.deepEqual(await loaded({ columns, data, options: "EXPLICIT_IDS" }), [[50, 1]]);
      assert.deepEqual(await loaded({ columns, list: "id, a", data, options: "EXPLICIT_IDS" }), [[50, 1]]);

      assert.match((await failed({ columns, list: "id, a", data })).error, /EXPLICIT_IDS/);
    });

    it("GENERATED BY DEFAULT need no EXPLICIT_IDS", async () => {
      const columns = "id BIGINT GENERATED BY DEFAULT AS IDENTITY(1, 1), a BIGINT";
      assert.deepEqual(await loaded({ columns, list: "id, a", data: lines({ id: 50, a: 1 }) }), [[50, 1]]);
    });
  });
});
