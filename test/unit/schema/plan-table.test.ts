import assert from "node:assert/strict";
import { applyChange, catalogOf, emptyCatalog } from "./model.ts";
import { added, filled, many, plan } from "./plan-helpers.ts";

describe("planTable", () => {
  it("creates a table with a column for each leaf and loads it directly", () => {
    const result = plan([
      '{"id":1,"user":{"name":"x","ok":true},"tags":[1],"at":"2026-01-05T08:00:00Z","n":null}',
    ]);

    assert.deepEqual(result.change, {
      table: "e",
      create: true,
      catchAll: false,
      eventTypes: ["e"],
      addColumns: [
        { path: ["at"], type: "timestamptz", column: "at" },
        { path: ["id"], type: "integer", column: "id" },
        { path: ["tags"], type: "json", column: "tags" },
        { path: ["user", "name"], type: "string(256)", column: "user_name" },
        { path: ["user", "ok"], type: "boolean", column: "user_ok" },
      ],
      widen: [],
      rewrite: [],
    });
    assert.equal(result.plan.mode, "direct");
    assert.equal(result.plan.reason, undefined);
    assert.deepEqual(filled(result), ["at", "id", "tags", "user_name", "user_ok"]);
    assert.deepEqual(result.warnings, []);
  });

  it("asks for nothing when the table is as it must be, and fills only columns with values", () => {
    const catalog = catalogOf("e", { id: ["integer", "id"], name: ["string(256)", "name"] });
    const result = plan(['{"id":1,"name":null}', "{}", '{"o":{}}'], catalog);

    assert.equal(result.change, undefined);
    assert.equal(result.plan.mode, "direct");
    assert.deepEqual(filled(result), ["id"]);
  });

  it("plans a batch without lines", () => {
    assert.equal(plan([], catalogOf("e", { id: ["integer", "id"] })).change, undefined);
    assert.deepEqual(plan([]).change?.addColumns, []);
  });

  it("skips the router's own members and does not trip over keys that objects have", () => {
    const result = plan(['{"_lr_rescued":[1],"__proto__":{"a":1},"constructor":2,"o":{"_lr_line":3}}']);

    assert.deepEqual(added(result), { _proto_a: "integer", constructor: "integer", o_lr_line: "integer" });
    assert.deepEqual(
      result.change?.addColumns.map(({ path }) => path),
      [["__proto__", "a"], ["constructor"], ["o", "_lr_line"]],
    );
  });

  it("gives no column to keys that are no address, should a shape have them", () => {
    const result = plan(['{"a":1,"":2,"o":{"a\\u0000b":{"c":3}}}']);
    const kept = plan(['{"o":{"":2}}'], emptyCatalog(), { types: { e: { o: "json" } } });

    assert.deepEqual(added(result), { a: "integer" });
    assert.deepEqual([result.plan.mode, result.plan.rescue], ["staged", [[""], ["o", "a\0b"]]]);
    assert.equal(kept.plan.mode, "direct");
  });

  it("gives paths that join to one name numbers, in the order of the paths", () => {
    const documents = ['{"memcap.pressure":1,"memcap_pressure":2,"memcap":{"pressure":3}}'];
    const result = plan(documents);

    assert.deepEqual(
      result.change?.addColumns.map(({ path, column }) => [path, column]),
      [
        [["memcap", "pressure"], "memcap_pressure"],
        [["memcap.pressure"], "memcap_pressure_2"],
        [["memcap_pressure"], "memcap_pressure_3"],
      ],
    );
    assert.equal(plan(documents, applyChange(emptyCatalog(), result.change)).change, undefined);
  });

  it("skips names of columns that the catalog does not know", () => {
    assert.deepEqual(added(plan(['{"a":1}'], emptyCatalog(), {}, { takenColumns: ["A", "a_2"] })), {
      a_3: "integer",
    });
  });

  describe("values that no longer fit", () => {
    it("widens a string column by steps", () => {
      const catalog = catalogOf("e", { s: ["string(256)", "s"] });
      const result = plan([`{"s":"${"x".repeat(5000)}"}`], catalog);

      assert.deepEqual(result.change?.widen, [{ column: "s", from: "string(256)", to: "string(16384)" }]);
      assert.deepEqual(added(result), {});
      assert.equal(result.plan.mode, "direct");
      assert.equal(result.plan.columns[0]?.type, "string(16384)");
    });

    it("gives a string column that the warehouse does not widen a wider sibling", () => {
      const catalog = catalogOf("e", { s: ["string(256)", "s"] });
      const result = plan([`{"s":"${"x".repeat(300)}"}`], catalog, {}, { noRewrite: ["s"] });

      assert.deepEqual(result.change?.widen, []);
      assert.deepEqual(added(result), { s_string: "string(1024)" });
      assert.deepEqual(filled(result), ["s", "s_string"]);
    });

    it("rewrites an integer column as double, and gives it a sibling when that is refused", () => {
      const catalog = catalogOf("e", { price: ["integer", "price"] });
      const rewritten = plan(['{"price":1.5}', '{"price":2}'], catalog);
      const refused = plan(['{"price":1.5}', '{"price":2}'], catalog, {}, { noRewrite: ["price"] });

      assert.deepEqual(rewritten.change?.rewrite, [{ column: "price", from: "integer", to: "double" }]);
      assert.equal(rewritten.plan.mode, "direct");
      assert.deepEqual(refused.change?.rewrite, []);
      assert.deepEqual(added(refused), { price_double: "double" });
      assert.equal(refused.plan.mode, "staged");
      assert.deepEqual(filled(refused), ["price", "price_double"]);
      assert.match(
        refused.warnings.join(),
        /"price" no longer fits column price \(integer\); new column price_double/,
      );
    });

    it("does not rewrite while integers beyond ±2^53 come", () => {
      const catalog = catalogOf("e", { n: ["integer", "n"] });
      const result = plan(['{"n":9007199254740993}', '{"n":1.5}'], catalog);

      assert.deepEqual(result.change?.rewrite, []);
      assert.deepEqual(added(result), { n_double: "double" });
    });

    it("adds a sibling for each kind that has no column", () => {
      const catalog = catalogOf("e", { x: ["integer", "x"] });
      const result = plan(['{"x":"a"}', '{"x":true}', '{"x":[1]}', '{"x":{"y":1}}', '{"x":2}'], catalog);

      assert.deepEqual(added(result), { x_boolean: "boolean", x_string: "string(256)", x_json: "json" });
      assert.equal(result.plan.mode, "staged");
    });

    it("lets a string column take timestamps and dates", () => {
      const catalog = catalogOf("e", { t: ["string(256)", "t"] });
      const result = plan(['{"t":"2026-01-05"}', '{"t":"2026-01-05T08:00:00Z"}'], catalog);

      assert.equal(result.change, undefined);
      assert.equal(result.plan.mode, "direct");
    });

    it("goes on directly when a batch needs only one of the siblings", () => {
      const catalog = catalogOf("e", { t: ["timestamptz", "t"], t_string: ["string(256)", "t"] });
      const texts = plan(['{"t":"soon"}'], catalog);
      const times = plan(['{"t":"2026-01-05T08:00:00Z"}'], catalog);
      const both = plan(['{"t":"2026-01-05T08:00:00Z"}', '{"t":"soon"}'], catalog);

      assert.deepEqual([texts.plan.mode, filled(texts)], ["direct", ["t_string"]]);
      assert.deepEqual([times.plan.mode, filled(times)], ["direct", ["t"]]);
      assert.deepEqual([both.plan.mode, filled(both)], ["staged", ["t", "t_string"]]);
    });

    it("fills siblings directly where the warehouse puts each value into the one that fits, scalars only", () => {
      const siblings = { siblings: true };
      const both = plan(['{"t":1.5,"u":"x"}', '{"t":"soon"}'], catalogOf("e", {}), {}, siblings);
      const arrays = plan(['{"t":1.5}', '{"t":[1]}'], catalogOf("e", {}), {}, siblings);
      const objects = plan(['{"t":1.5}', '{"t":{"u":"soon"}}'], catalogOf("e", {}), {}, siblings);

      assert.deepEqual([both.plan.mode, filled(both)], ["direct", ["t", "t_string", "u"]]);
      assert.deepEqual([arrays.plan.mode, objects.plan.mode], ["staged", "staged"]);
    });

    it("keeps a scalar beside members of an object, staged when both come", () => {
      const result = plan(['{"x":1}', '{"x":{"y":2}}']);

      assert.deepEqual(added(result), { x: "integer", x_y: "integer" });
      assert.equal(result.plan.mode, "staged");
      assert.equal(plan(['{"x":{"y":2}}'], applyChange(emptyCatalog(), result.change)).plan.mode, "direct");
    });

    it("names siblings after the first column of the path", () => {
      const catalog = catalogOf("e", {
        process_id: ["integer", "ProcessId"],
        process_id_2: ["integer", "ProcessID"],
      });

      assert.deepEqual(added(plan(['{"ProcessID":"x"}'], catalog)), { process_id_2_string: "string(256)" });
    });
  });

  describe("objects kept whole", () => {
    it("stores an object of unknown members as json", () => {
      const result = plan([`{"o":${many("k")}}`]);

      assert.deepEqual(added(result), { o: "json" });
      assert.equal(result.plan.mode, "direct");
    });

    it("goes on filling columns below it, staged, and makes no new ones", () => {
      const catalog = catalogOf("e", { o_a: ["integer", "o", "a"], o_s: ["string(256)", "o", "s"] });
      const first = plan([`{"o":${many("k")}}`], catalog);
      const after = applyChange(catalog, first.change);
      const later = plan([`{"o":{"a":1.5,"new":2,"s":"${"x".repeat(300)}"}}`], after);

      assert.deepEqual(added(first), { o: "json" });
      assert.equal(first.plan.mode, "staged");
      assert.deepEqual(added(later), {});
      assert.deepEqual(later.change?.widen, [{ column: "o_s", from: "string(256)", to: "string(1024)" }]);
      assert.deepEqual(later.change?.rewrite, []);
      assert.equal(later.plan.mode, "staged");
      assert.deepEqual(filled(later), ["o_a", "o_s", "o"]);
    });

    it("stores a whole line of unknown members as payload", () => {
      const result = plan([many("k")]);

      assert.deepEqual(result.change?.addColumns, [{ path: [], type: "json", column: "payload" }]);
      assert.equal(result.plan.mode, "direct");
    });

    it("makes the columns that the configuration names inside it", () => {
      const config = { types: { e: { "o.amount": "decimal(18,2)" } }, hash: { e: ["o.mail"] } };
      const result = plan([`{"o":${many("k")}}`], emptyCatalog(), config);

      assert.deepEqual(added(result), { o: "json", o_amount: "decimal(18,2)", o_mail: "hash" });
      assert.equal(result.plan.mode, "staged");
      assert.equal(
        plan([`{"o":${many("k")}}`], applyChange(emptyCatalog(), result.change), config).change,
        undefined,
      );
    });

    it("stores arrays and objects that share a path in one json", () => {
      const result = plan(['{"x":[1]}', '{"x":{"a":1}}']);

      assert.deepEqual(added(result), { x: "json" });
      assert.equal(result.plan.mode, "direct");
    });
  });

  it("changes nothing while the table is frozen: what has no column is rescued", () => {
    const catalog = catalogOf("e", { s: ["string(256)", "s"], n: ["integer", "n"] });
    const result = plan(
      [`{"s":"${"x".repeat(300)}","n":1.5,"new":1,"o":{"a":1}}`],
      catalog,
      {},
      { frozen: true },
    );

    assert.equal(result.change, undefined);
    assert.equal(result.plan.mode, "staged");
    assert.deepEqual(result.plan.rescue, [["n"], ["new"], ["o", "a"], ["s"]]);
    assert.equal(plan(['{"s":"x","n":1}'], catalog, {}, { frozen: true }).plan.mode, "direct");
  });

  it("stages on demand, with all columns", () => {
    const catalog = catalogOf("e", { a: ["integer", "a"], b: ["integer", "b"] });
    const result = plan(['{"a":1}'], catalog, {}, { stage: "a direct load was refused" });

    assert.deepEqual([result.plan.mode, result.plan.reason], ["staged", "a direct load was refused"]);
    assert.deepEqual(filled(result), ["a", "b"]);
  });
});
