import assert from "node:assert/strict";
import { applyChange, catalogOf, emptyCatalog } from "./model.ts";
import { added, filled, plan } from "./plan-helpers.ts";

describe("planTable", () => {
  describe("configuration", () => {
    it("uses a pinned type, directly only when the shape proves it", () => {
      const config = { types: { e: { amount: "decimal(18,2)" } } };
      const proven = plan(['{"amount":19.99}', '{"amount":3}'], emptyCatalog(), config);
      const digits = plan(['{"amount":123456789012345.67}'], emptyCatalog(), config);
      const scale = plan(['{"amount":19.999}'], emptyCatalog(), config);

      assert.deepEqual([added(proven), proven.plan.mode], [{ amount: "decimal(18,2)" }, "direct"]);
      assert.deepEqual([added(digits), digits.plan.mode], [{ amount: "decimal(18,2)" }, "staged"]);
      assert.deepEqual(added(scale), { amount: "decimal(18,2)", amount_double: "double" });
      assert.equal(scale.plan.mode, "staged");
    });

    it("fills a type pinned later before the columns that were there", () => {
      const catalog = catalogOf("e", { amount: ["integer", "amount"], b: ["integer", "b"] });
      const result = plan(['{"amount":3,"b":1}'], catalog, { types: { "*": { amount: "decimal(18,2)" } } });

      assert.deepEqual(added(result), { amount_decimal: "decimal(18,2)" });
      assert.deepEqual(filled(result), ["b", "amount_decimal"]);
      const after = applyChange(catalog, result.change);
      const again = plan(['{"amount":3,"b":1}'], after, { types: { "*": { amount: "decimal(18,2)" } } });
      assert.deepEqual(
        [again.change, again.plan.mode, filled(again)],
        [undefined, "direct", ["b", "amount_decimal"]],
      );
      const staged = plan(
        ['{"amount":3,"b":1}'],
        catalog,
        { types: { e: { amount: "decimal(18,2)" } } },
        { stage: "why" },
      );
      assert.deepEqual(filled(staged), ["amount_decimal", "amount", "b"]);
    });

    it("does not make a pinned column for values that none fit, nor widen a pinned string", () => {
      const config = { types: { e: { n: "integer", s: "string(10)" } } };

      assert.deepEqual(added(plan(['{"n":"x"}'], emptyCatalog(), config)), { n: "string(256)" });
      const catalog = catalogOf("e", { s: ["string(10)", "s"] });
      const long = plan(['{"s":"more than ten"}'], catalog, config);
      assert.deepEqual(long.change?.widen, []);
      assert.deepEqual(added(long), { s_string: "string(256)" });
    });

    it("stages epoch columns", () => {
      const config = { types: { e: { at: "epoch_seconds" } } };
      const result = plan(['{"at":1700000000.25}'], emptyCatalog(), config);

      assert.deepEqual([added(result), result.plan.mode], [{ at: "epoch_seconds" }, "staged"]);
    });

    it("keeps an object whole when its path is pinned to json", () => {
      const result = plan(['{"o":{"a":1,"b":{"c":2}}}'], emptyCatalog(), { types: { e: { o: "json" } } });

      assert.deepEqual(added(result), { o: "json" });
    });

    it("never makes or fills a column for an excluded path", () => {
      const catalog = catalogOf("e", {
        secret: ["string(256)", "secret"],
        u_pin: ["integer", "u", "pin"],
        a: ["integer", "a"],
      });
      const config = { exclude: { "*": ["secret", "u"] } };
      const result = plan(['{"secret":"x","u":{"pin":1,"new":2},"a":1}'], catalog, config);

      assert.equal(result.change, undefined);
      assert.deepEqual([result.plan.mode, filled(result)], ["direct", ["a"]]);
      assert.deepEqual(result.plan.exclude, [["secret"], ["u"]]);
      assert.deepEqual(filled(plan(['{"a":1}'], catalog, config, { stage: "why" })), ["a"]);
    });

    it("stages what has to be taken out of a json column, only when it may be there", () => {
      const config = { exclude: { e: ["o.secret"] }, types: { e: { o: "json" } } };

      assert.equal(plan(['{"o":{"secret":1}}'], emptyCatalog(), config).plan.mode, "staged");
      assert.equal(plan(['{"o":{"a":1}}'], emptyCatalog(), config).plan.mode, "direct");
      const prototype = { exclude: { e: ["o.__proto__"] }, types: { e: { o: "json" } } };
      assert.equal(plan(['{"o":{"__proto__":1}}'], emptyCatalog(), prototype).plan.mode, "staged");
      assert.equal(plan(['{"o":[1]}'], emptyCatalog(), config).plan.mode, "direct");
    });

    it("stages excluding tables whose lines may have rescued values", () => {
      const config = { exclude: { e: ["secret"] } };

      assert.equal(plan(['{"a":1}'], emptyCatalog(), config, { normalised: true }).plan.mode, "staged");
      assert.equal(plan(['{"a":1}'], emptyCatalog(), {}, { normalised: true }).plan.mode, "direct");
    });

    it("stores a hashed path as hash only, whatever its columns were", () => {
      const catalog = catalogOf("e", { mail: ["string(256)", "mail"] });
      const config = { hash: { e: ["mail", "o"] } };
      const result = plan(['{"mail":"x","o":{"a":1}}'], catalog, config);

      assert.deepEqual(added(result), { mail_hash: "hash", o: "hash" });
      assert.deepEqual([result.plan.mode, filled(result)], ["staged", ["mail_hash", "o"]]);
      const after = applyChange(catalog, result.change);
      assert.equal(plan(['{"mail":"x","o":{"a":1}}'], after, config).change, undefined);
      assert.deepEqual(filled(plan(['{"mail":"x"}'], after)), ["mail"]);
    });

    it("sorts a new table by the event's time, when it has the column", () => {
      const config = { tables: { event_time: { "*": "meta.at" } } };

      assert.deepEqual(
        plan(['{"meta":{"at":"2026-01-05T08:00:00Z"}}'], emptyCatalog(), config).change?.eventTime,
        ["meta", "at"],
      );
      assert.equal(plan(['{"a":1}'], emptyCatalog(), config).change?.eventTime, undefined);
      assert.equal(
        plan(['{"meta":{"at":"2026-01-05T08:00:00Z"}}'], catalogOf("e", {}), config).change?.eventTime,
        undefined,
      );
    });

    it("applies the settings of every event type that shares the table", () => {
      const catalog = catalogOf("e", {});
      const config = { exclude: { e: ["secret"], f: ["pin"] } };
      const result = plan(['{"a":1}'], catalog, config, { eventTypes: ["f"] });

      assert.deepEqual(result.change?.eventTypes, ["f"]);
      assert.deepEqual(result.plan.exclude, [["secret"], ["pin"]]);
    });
  });

  describe("catch-all table", () => {
    const catchAll = { table: { table: "other_events", catchAll: true }, eventTypes: ["rare", "odd"] };

    it("keeps lines whole in one payload column and is known by _lr_other alone", () => {
      const result = plan(
        ['{"a":1,"o":{"b":2}}'],
        emptyCatalog(),
        { types: { "*": { a: "string(10)" } } },
        catchAll,
      );

      assert.deepEqual(result.change, {
        table: "other_events",
        create: true,
        catchAll: true,
        eventTypes: ["_lr_other"],
        addColumns: [{ path: [], type: "json", column: "payload" }],
        widen: [],
        rewrite: [],
      });
      assert.deepEqual(
        [result.plan.mode, result.plan.catchAll, filled(result)],
        ["direct", true, ["payload"]],
      );
      assert.equal(
        plan(['{"z":1}'], applyChange(emptyCatalog(), result.change), {}, catchAll).change,
        undefined,
      );
    });

    it("takes out what any event type excludes or hashes", () => {
      const config = { exclude: { login: ["password"] }, hash: { login: ["mail"] } };
      const result = plan(['{"password":"x","mail":"y"}'], emptyCatalog(), config, catchAll);

      assert.deepEqual(added(result), { payload: "json", mail: "hash" });
      assert.equal(result.plan.mode, "staged");
      assert.deepEqual([result.plan.exclude, result.plan.hash], [[["password"]], [["mail"]]]);
    });
  });
});
