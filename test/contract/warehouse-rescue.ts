// Contract of the warehouse, fourth part: where the values of a document go.
import assert from "node:assert/strict";
import type { ColumnType, Path, TableLoadPlan } from "../../shared/schema/types.ts";
import type { OpenWarehouse, WarehouseHarness } from "./warehouse-harness.ts";
import { canonicalText, WarehouseBench } from "./warehouse-harness.ts";
import { loadUnit, newColumn, testSource } from "./warehouse-parts.ts";

/** Keys that mean something in some address syntax. */
const KEYS = [
  "a.b",
  "a/b",
  "~",
  "~1",
  '"',
  "'",
  "\\",
  "$",
  "$.a",
  "*",
  "**",
  "#",
  "[0]",
  "0",
  "-",
  "😀",
  "\u0001",
  "\n",
  "\ufeff",
  "__proto__",
  "constructor",
  "filename",
  "json",
  "x1",
  " ",
  "ID",
  "Id",
  "id",
];

/** A rescued value in two pieces. */
const entry = (p: string, t: string): string => JSON.stringify({ p, t: [t.slice(0, 9), t.slice(9)] });

export function rescueContract(open: OpenWarehouse): void {
  let harness: WarehouseHarness;
  let bench: WarehouseBench;
  const source = testSource("/logs/a.json");

  beforeEach(async () => {
    harness = await open({ rewriteRows: 1000, foreignTables: [] });
    await harness.warehouse.prepare();
    bench = new WarehouseBench(harness);
  });
  afterEach(() => harness[Symbol.asyncDispose]());

  /** Loads the documents into a table of the columns; gives the values rescued and the rows. */
  async function load(
    columns: readonly (readonly [Path | string, ColumnType])[],
    documents: readonly string[],
    mode: "direct" | "staged",
    over: Partial<TableLoadPlan> & { lineRescued?: string } = {},
  ) {
    const { lineRescued, ...plan } = over;
    await bench.createTable(
      "t",
      columns.map(([path, type], at) => newColumn(path, type, `c${at}`)),
    );
    const options = lineRescued === undefined ? {} : { rescued: lineRescued };
    const part = await bench.part(source, "t", documents, options);
    const result = await bench.load("t", [loadUnit(source, "t", [part])], mode, plan);
    assert.equal(result.kind, "loaded", JSON.stringify(result));
    const rows = await bench.warehouse.read.sampleRows("t", 1000);
    return { rescued: result.kind === "loaded" ? result.units[0]!.rescued : -1, rows };
  }

  for (const mode of ["direct", "staged"] as const) {
    for (const depth of [1, 3]) {
      it(`${mode}: takes keys of any kind at depth ${depth}`, async () => {
        const above = ["deep", "*"].slice(0, depth - 1);
        const object = `{${KEYS.map((key, at) => `${JSON.stringify(key)}:${at}`).join(",")}}`;
        const document = above.reduceRight((inner, key) => `{${JSON.stringify(key)}:${inner}}`, object);

        const { rescued } = await load(
          KEYS.map((key) => [[...above, key], "integer"] as const),
          [document, "{}"],
          mode,
        );

        assert.equal(rescued, 0);
        assert.deepEqual(await bench.documents("t"), [canonicalText(document), canonicalText("{}")]);
      });
    }

    it(`${mode}: keeps numbers and texts of json columns exact`, async () => {
      const document = String.raw`{"j":[19.990,1E5,9223372036854775807,-9223372036854775808,-0,1e-7,1.7976931348623157e308,"\u00e9\ud83d\ude00\/\"","2026-01-01",{"__proto__":{"a.b":[]}}]}`;

      const { rescued } = await load([["j", "json"]], [document], mode);

      assert.equal(rescued, 0);
      assert.deepEqual(await bench.documents("t"), [canonicalText(document)]);
    });

    it(`${mode}: takes a line of 4 MB and a string of 65,535 bytes`, async () => {
      const big = JSON.stringify({
        s: "é".repeat(32_767) + "x",
        j: Array.from({ length: 60 }, () => "y".repeat(65_000)),
      });

      await load(
        [
          ["s", "string(65535)"],
          ["j", "json"],
        ],
        [big, '{"s":"small"}'],
        mode,
      );

      assert.deepEqual(await bench.documents("t"), [canonicalText(big), canonicalText('{"s":"small"}')]);
    });

    it(`${mode}: takes members without a value for missing ones, beside keys that differ by case`, async () => {
      const documents = ['{"A":{"x":1,"new":null,"old":{}},"a":"{}","b":{"c":null}}', '{"A":null,"a":"y"}'];

      const { rescued } = await load(
        [
          ["A.x", "integer"],
          ["a", "string(256)"],
        ],
        documents,
        mode,
      );

      assert.equal(rescued, 0);
      assert.deepEqual(await bench.documents("t"), documents.map(canonicalText));
    });

    it(`${mode}: keeps whole lines in the catch-all table, without the system members`, async () => {
      const documents = ['{"a":1.50,"b":{"c":[null,{}]}}', "{}", '{"A":1,"a":2}'];

      const { rescued } = await load([[[], "json"]], documents, mode, { catchAll: true });

      assert.equal(rescued, 0);
      assert.deepEqual(await bench.documents("t"), documents.map(canonicalText));
    });
  }

  it("puts a value into the first of its path's columns that fits, the rest into none", async () => {
    const documents = [
      '{"v":1}',
      '{"v":1.5}',
      '{"v":"x"}',
      '{"v":true}',
      '{"v":[1]}',
      '{"v":{"w":2}}',
      '{"v":null}',
    ];

    const { rows, rescued } = await load(
      [
        ["v", "integer"],
        ["v", "double"],
        ["v", "string(256)"],
        ["v", "json"],
        ["v.w", "integer"],
      ],
      documents,
      "staged",
    );

    assert.deepEqual(
      rows.map((row) => ["c0", "c1", "c2", "c3", "c4"].filter((column) => row[column] !== null).join(" ")),
      ["c0", "c1", "c2", "", "c3", "c3 c4", ""],
    );
    assert.equal(rescued, 1);
    assert.deepEqual(await bench.documents("t"), documents.map(canonicalText));
  });

  it("rescues what fits no column and what has none, after what the line had rescued", async () => {
    const document =
      '{"n":"no","o":{"x":1,"y":{"z":[1.50]},"*":"s"},"p":3,"new key\\"":{"a":{}},"é":{"b":null,"c":"d"},"q":null}';
    const lineRescued = String.raw`[{"p":"[\"big\"]","t":["1e999"]}]`;

    const { rows } = await load(
      [
        ["n", "integer"],
        ["o.x", "integer"],
        ["o.y.w", "integer"],
        ["p.q", "integer"],
      ],
      [document, '{"n":1}'],
      "staged",
      { lineRescued },
    );

    assert.equal(rows[0]!["c1"], 1);
    const [rebuilt, plain] = await bench.documents("t");
    const whole = canonicalText(`${document.slice(0, -1)},"big":1e999}`);
    assert.equal(rebuilt, whole);
    assert.equal(plain, canonicalText('{"n":1,"big":1e999}'));
    const paths = await bench.warehouse.read.rescuedPaths("t");
    assert.deepEqual(paths[0], { path: '["big"]', values: 2 });
  });

  it("does not load strings longer than their column in bytes", async () => {
    const documents = ["ééé", "éé", "abcd", "abcde"].map((s) => JSON.stringify({ s }));

    const { rows } = await load([["s", "string(4)"]], documents, "staged");

    assert.deepEqual(
      rows.map((row) => row["c0"]),
      [null, "éé", "abcd", null],
    );
    assert.deepEqual(await bench.documents("t"), documents.map(canonicalText));
  });

  describe("excluded and hashed paths", () => {
    const secret = "4711-secret";
    const hidden: Partial<TableLoadPlan> = {
      exclude: [
        ["user", "card"],
        ["user", "*"],
      ],
      hash: [["user", "mail"], ["mail"]],
    };

    it("leave no trace in columns, json columns and rescued values", async () => {
      const lineRescued = `[${[
        entry('["user","card"]', `"${secret}"`),
        entry('["user","card",0,"x"]', `"${secret}"`),
        entry('["user"]', `{"card":"${secret}","ok":1.5,"*":"${secret}","mail":"${secret}"}`),
        entry('["users"]', '"kept"'),
      ].join(",")}]`;
      const document = `{"user":{"card":"${secret}","*":["${secret}"],"mail":"${secret}","name":"n"},"mail":"${secret}","more":{"user":{"card":"fine"}}}`;

      const { rows } = await load(
        [
          ["user", "json"],
          ["user.name", "string(256)"],
          ["mail", "hash"],
        ],
        [document],
        "staged",
        { ...hidden, lineRescued },
      );

      assert.equal(JSON.stringify(rows).includes(secret), false, JSON.stringify(rows));
      assert.equal(rows[0]!["c1"], "n");
      assert.match(String(rows[0]!["c2"]), /^[0-9a-f]{64}$/);
      const paths = await bench.warehouse.read.rescuedPaths("t");
      // An object without a column may be rescued whole or member by member.
      const heads = paths.map(({ path }) => path.replace(/^\["more".*\]$/, "more"));
      assert.deepEqual(heads.sort(), ["more", '["user"]', '["users"]'].sort());
    });

    it("leave no trace where the object above has no column", async () => {
      const document = `{"user":{"card":"${secret}","mail":"${secret}","deep":{"card":"fine"}}}`;

      const { rows } = await load([["n", "integer"]], [document], "staged", hidden);

      assert.equal(JSON.stringify(rows).includes(secret), false, JSON.stringify(rows));
      assert.deepEqual(await bench.documents("t"), [canonicalText('{"user":{"deep":{"card":"fine"}}}')]);
    });
  });
}
