import assert from "node:assert/strict";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import { firstTypes, parseColumnType, stringType, typeName } from "../../../shared/schema/column-types.ts";
import { scalarKinds, type StoredKind } from "../../../shared/schema/kinds.ts";
import { shapeOf } from "./shape-of.ts";

describe("column types", () => {
  it("takes types apart", () => {
    assert.deepEqual(parseColumnType("decimal(18,2)"), {
      name: "decimal",
      bytes: 0,
      precision: 18,
      scale: 2,
    });
    assert.deepEqual(parseColumnType("string(80)"), { name: "string", bytes: 80, precision: 0, scale: 0 });
    assert.equal(typeName("string(256)"), "string");
    assert.equal(typeName("epoch_seconds"), "epoch_seconds");
  });

  for (const text of [
    "",
    "text",
    "Integer",
    "string",
    "string(0)",
    "string(65536)",
    "string(-1)",
    "decimal(0,0)",
    "decimal(39,2)",
    "decimal(10,11)",
    "decimal(38,38)",
    "decimal(18)",
    "integer ",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseColumnType(text),
        (error) => isRouterError(error, "CONFIG_INVALID"),
      );
    });
  }

  it("makes string columns by steps", () => {
    assert.deepEqual([0, 256, 257, 1024, 1025, 4097, 16_385, 65_535, 65_536].map(stringType), [
      "string(256)",
      "string(256)",
      "string(1024)",
      "string(1024)",
      "string(4096)",
      "string(16384)",
      "string(65535)",
      "string(65535)",
      undefined,
    ]);
  });

  for (const [values, expected] of [
    [["1"], ["integer"]],
    [["1.5"], ["double"]],
    [["1", "1.5"], ["double"]],
    [["9007199254740992", "-9007199254740992", "1.5"], ["double"]],
    [
      ["9007199254740993", "1.5"],
      ["integer", "double"],
    ],
    [
      ["-9007199254740993", "1.5"],
      ["integer", "double"],
    ],
    [["true"], ["boolean"]],
    [['"x"'], ["string(256)"]],
    [['"2026-01-05"'], ["date"]],
    [
      ['"2026-01-05"', '"2026-01-05T08:00:00Z"', '"2026-01-05T08:00:00"'],
      ["timestamptz", "timestamp", "date"],
    ],
    [['"2026-01-05"', '"2026-01-05T08:00:00Z"', '"soon"'], ["string(256)"]],
    [[`"${"x".repeat(300)}"`, '"2026-01-05"'], ["string(1024)"]],
    [["[]"], ["json"]],
    [
      ['"x"', "[]", "true", "1", "9007199254740993", "2.5", '"2026-01-05"'],
      ["integer", "double", "boolean", "string(256)", "json"],
    ],
    [["null"], []],
  ] as const) {
    it(`first types for ${values.join(", ").slice(0, 60)}: ${expected.join(", ")}`, () => {
      const shape = shapeOf(values);
      const kinds: StoredKind[] = [...scalarKinds(shape), ...(shape.array ? ["array" as const] : [])];

      assert.deepEqual(firstTypes(shape, new Set(kinds)), expected);
    });
  }
});
