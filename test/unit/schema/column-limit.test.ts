import assert from "node:assert/strict";
import { defaultConfig } from "../../../shared/config/schema.ts";
import { planTable, type TablePlan } from "../../../shared/schema/plan-table.ts";
import { SYSTEM_COLUMNS } from "../../../shared/schema/names.ts";
import type { Catalog, Path } from "../../../shared/schema/types.ts";
import { applyChange, catalogOf, emptyCatalog } from "./model.ts";
import { shapeOf } from "./shape-of.ts";

function planWith(
  dataColumns: number,
  documents: readonly unknown[],
  catalog: Catalog = emptyCatalog(),
  more: Partial<ReturnType<typeof defaultConfig>> = {},
): TablePlan {
  const config = { ...defaultConfig(), ...more };
  return planTable({
    eventTypes: ["e"],
    shape: shapeOf(
      documents.map((document) => JSON.stringify(document)),
      5000,
    ),
    catalog,
    config: { ...config, tables: { ...config.tables, max_columns: dataColumns + SYSTEM_COLUMNS.length } },
    table: { table: "e", catchAll: false },
  });
}

function names({ change }: TablePlan): string[] {
  return (change?.addColumns ?? []).map(({ column }) => column);
}

function rescued({ plan }: TablePlan): readonly Path[] {
  return plan.rescue ?? [];
}

function object(keys: number, prefix = "k"): Record<string, number> {
  return Object.fromEntries(Array.from({ length: keys }, (_, index) => [`${prefix}${index}`, index]));
}

describe("column limit", () => {
  it("takes as many columns as there may be, system columns counted", () => {
    assert.equal(planWith(10, [object(10)]).plan.mode, "direct");
    assert.equal(names(planWith(10, [object(10)])).length, 10);
    assert.equal(names(planWith(9, [object(10)])).length, 9);
  });

  it("keeps the object with the most new paths whole, and no more than needed", () => {
    const document = { a: 1, big: object(8), small: object(3, "s") };
    const result = planWith(6, [document]);

    assert.deepEqual(names(result), ["a", "big", "small_s0", "small_s1", "small_s2"]);
    assert.deepEqual([result.plan.mode, rescued(result)], ["direct", []]);
  });

  it("keeps the nearest ancestor whole", () => {
    const result = planWith(5, [{ o: { a: 1, b: 2, deep: object(9) } }]);

    assert.deepEqual(names(result), ["o_a", "o_b", "o_deep"]);
  });

  it("goes up when that is not enough", () => {
    const single = { x: { a: { v: 1 }, b: { v: 1 }, c: { v: 1 } }, y: 1 };

    assert.deepEqual(names(planWith(2, [single])), ["x", "y"]);
    assert.deepEqual(names(planWith(2, [{ o: { p: object(5), q: object(5) }, r: 1 }])), ["o", "r"]);
  });

  it("rescues the rarest of what is left at the top", () => {
    const result = planWith(2, [{ a: 1, b: 1, c: 1 }, { b: 1, c: 1 }, { a: null }]);

    assert.deepEqual(names(result), ["b", "c"]);
    assert.deepEqual([result.plan.mode, rescued(result)], ["staged", [["a"]]]);
    assert.match(result.warnings.join(), /table e: no room for a column for "a"/);
  });

  it("goes on filling existing columns, also when they are too many by now", () => {
    const catalog = catalogOf("e", { a: ["integer", "a"], b: ["integer", "b"], o_c: ["integer", "o", "c"] });
    const full = planWith(3, [{ a: 1, b: 2, o: { c: 3, d: 4, e: 5 }, f: 6 }], catalog);
    const beyond = planWith(1, [{ a: 1, b: 2, f: 6 }], catalog);

    assert.equal(full.change, undefined);
    assert.deepEqual(
      full.plan.columns.map(({ column }) => column),
      ["a", "b", "o_c"],
    );
    assert.deepEqual(rescued(full), [["f"], ["o"]]);
    assert.deepEqual(rescued(beyond), [["f"]]);
    assert.equal(planWith(1, [{ a: 1, b: 2 }], catalog).plan.mode, "direct");
  });

  it("gives columns that the configuration names first place", () => {
    const types = { types: { e: { "o.pinned": "decimal(18,2)" } }, hash: { e: ["mail"] } };
    const documents = [
      { o: { pinned: 1, ...object(5) }, mail: "x", a: 1, b: 1 },
      { a: 1, b: 1 },
    ];
    const result = planWith(3, documents, emptyCatalog(), types);

    assert.deepEqual(names(result), ["a", "mail", "o_pinned"]);
    assert.deepEqual(rescued(result), [["b"], ["o"]]);
  });

  it("limits the bytes of all names as well", () => {
    const keys = Object.fromEntries(
      Array.from({ length: 990 }, (_, index) => [`${"n".repeat(100)}${index}`, 1]),
    );
    const result = planWith(1500, [keys]);
    const bytes = names(result).reduce((sum, name) => sum + name.length + 3, 0);

    assert.ok(bytes <= 40_000 && bytes > 38_000, String(bytes));
    assert.equal(names(result).length + rescued(result).length, 990);
  });

  it("plans one type with 2,335 paths", () => {
    const document = Object.fromEntries(
      Array.from({ length: 5 }, (_, group) => [`g${group}`, object(400 + group * 10)]),
    );
    const result = planWith(995, [{ ...document, ...object(235, "top") }]);
    const after = applyChange(emptyCatalog(), result.change);

    assert.equal(result.plan.mode, "direct");
    assert.ok(names(result).length <= 995);
    assert.deepEqual(
      names(result).filter((name) => /^g\d$/.test(name)),
      ["g1", "g2", "g3", "g4"],
    );
    assert.equal(planWith(995, [{ ...document, ...object(235, "top") }], after).change, undefined);
  });

  it("plans a hundred thousand paths", () => {
    const wide = Object.fromEntries(
      Array.from({ length: 4000 }, (_, group) => [`g${group}`, object(5 + (group % 40))]),
    );

    assert.equal(names(planWith(995, [wide])).length, 995);
  });
});
