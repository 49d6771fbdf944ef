import assert from "node:assert/strict";
import type { LoadUnit } from "../../../shared/ports/warehouse.ts";
import type { ColumnType, Path, TableLoadPlan } from "../../../shared/schema/types.ts";
import { directGroups, isDirect } from "../../../shared/warehouse/redshift/copy-groups.ts";
import { loadUnit, testSource } from "../../contract/warehouse-parts.ts";

const columns = (...all: readonly (readonly [Path, ColumnType])[]): TableLoadPlan["columns"] =>
  all.map(([path, type], at) => ({ path, type, column: `c${at}`, addedAt: new Date(0) }));
const plan = (over: Partial<TableLoadPlan> = {}): TableLoadPlan => ({
  table: "t",
  mode: "direct",
  columns: columns([["a"], "integer"], [["b", "c"], "json"]),
  catchAll: false,
  exclude: [],
  hash: [],
  ...over,
});
const part = (key: string, compression: "zstd" | "gzip" = "zstd") => ({
  key,
  bytes: 10,
  lines: 2,
  compression,
});
const unit = (over: Partial<LoadUnit> = {}): LoadUnit =>
  loadUnit(testSource("/a"), "t", [part("parts/1")], over);

describe("what COPY reads itself", () => {
  it("is a direct plan with one plain column a path", () => {
    assert.equal(isDirect({ plan: plan(), units: [unit()] }), true);
  });

  for (const [title, table] of [
    ["staged plans", { plan: plan({ mode: "staged" }), units: [unit()] }],
    ["catch-all tables", { plan: plan({ catchAll: true }), units: [unit()] }],
    ["lines that are left out", { plan: plan(), units: [unit({ rejectedLines: [1] })] }],
    ["the shared event type", { plan: plan(), units: [unit({ eventType: "_lr_other" })] }],
    ["a part of two units", { plan: plan(), units: [unit(), unit({ eventType: "u" })] }],
    ["whole lines", { plan: plan({ columns: columns([[], "json"]) }), units: [unit()] }],
    [
      "siblings",
      { plan: plan({ columns: columns([["a"], "integer"], [["a"], "double"]) }), units: [unit()] },
    ],
    [
      "columns within columns",
      { plan: plan({ columns: columns([["a", "b"], "integer"], [["a"], "json"]) }), units: [unit()] },
    ],
    ["hashes", { plan: plan({ columns: columns([["a"], "hash"]) }), units: [unit()] }],
    ["epochs", { plan: plan({ columns: columns([["a"], "epoch_seconds"]) }), units: [unit()] }],
    ...["it's", 'a"b', "a\\b", "a[0]", "*", "a\nb", "\u0001"].map(
      (key) =>
        [
          `the key ${JSON.stringify(key)}`,
          { plan: plan({ columns: columns([["x", key], "integer"]) }), units: [unit()] },
        ] as const,
    ),
  ] as const) {
    it(`is not ${title}`, () => assert.equal(isDirect(table), false));
  }

  it("is one COPY for each compression, with the rows that its parts promise", () => {
    const parts = [part("parts/1"), part("parts/2", "gzip"), part("parts/3")];
    const groups = directGroups({ plan: plan(), units: [unit({ parts })] }, "routed");

    assert.deepEqual(
      groups.map(({ compression, rows, files }) => [compression, rows, files.map(({ key }) => key)]),
      [
        ["zstd", 4, ["parts/1", "parts/3"]],
        ["gzip", 2, ["parts/2"]],
      ],
    );
    assert.deepEqual(groups[0]!.paths.slice(-2), ["$['a']", "$['b']['c']"]);
    assert.deepEqual(groups[0]!.columns.slice(-2), ["c0", "c1"]);
  });
});
