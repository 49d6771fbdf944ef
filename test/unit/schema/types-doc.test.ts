// docs/types.md is true: every row of its tables is tried.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { isColumnType } from "../../../shared/config/column-type.ts";
import { defaultConfig } from "../../../shared/config/schema.ts";
import { firstTypes } from "../../../shared/schema/column-types.ts";
import { isExactArray, parseExact } from "../../../shared/schema/exact-json.ts";
import { storeValue } from "../../../shared/schema/fits.ts";
import { countOf, type StoredKind } from "../../../shared/schema/kinds.ts";
import { columnName, tableName } from "../../../shared/schema/names.ts";
import { planTable } from "../../../shared/schema/plan-table.ts";
import { sameDocument } from "../../../shared/schema/same-document.ts";
import type { ColumnType } from "../../../shared/schema/types.ts";
import { sqlType } from "../../../shared/warehouse/duckdb/types.ts";
import { catalogOf } from "./model.ts";
import { shapeOf } from "./shape-of.ts";

const document = readFileSync(new URL("../../../docs/types.md", import.meta.url), "utf8");

/** The cells of the table under a header row. */
function rows(header: string): string[][] {
  const lines = document.split("\n");
  const start = lines.indexOf(header);
  assert.ok(start >= 0, header);
  const end = lines.indexOf("", start);
  return lines.slice(start + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

/** Texts in backquotes. */
function code(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`([^`]*)`/g)].map(([, text]) => text!);
}

function typeOf(cell: string | undefined): ColumnType {
  const [text = ""] = code(cell);
  if (!isColumnType(text) && text !== "hash") assert.fail(`${text} is no type`);
  return text;
}

/** The strings of a JSON array. */
function keysOf(text: string): string[] {
  const path = parseExact(text);
  return isExactArray(path) ? path.filter((key) => typeof key === "string") : assert.fail(text);
}

const REDSHIFT =
  /^(BIGINT|DOUBLE PRECISION|DECIMAL\(18,2\)|BOOLEAN|TIMESTAMPTZ|TIMESTAMP|DATE|SUPER|VARCHAR\(\d+\))$/;

describe("docs/types.md", () => {
  it("has every type with its SQL types", () => {
    const types = rows("| Type | Takes | DuckDB | Redshift |");

    assert.equal(types.length, 12);
    for (const [type, , duckdb, redshift] of types) {
      assert.equal(code(duckdb)[0], sqlType(typeOf(type)));
      assert.match(code(redshift)[0]!, REDSHIFT);
    }
  });

  it("says a path's first columns", () => {
    for (const [values, columns] of rows("| Values seen at a path | Columns |")) {
      const shape = shapeOf(code(values));
      const kinds = (
        ["integer", "float", "boolean", "timestamptz", "timestamp", "date", "string", "array"] as const
      ).filter((kind) => countOf(shape, kind) > 0);

      assert.deepEqual(firstTypes(shape, new Set<StoredKind>(kinds)), code(columns), values);
    }
  });

  it("says what fits", () => {
    for (const [value, type, back] of rows("| Value | Type | Read back |")) {
      const result = storeValue(typeOf(type), code(value)[0]!);
      const [expected] = code(back);
      if (expected === undefined) assert.equal(result, "no fit", `${value} ${type}`);
      else {
        assert.ok(typeof result === "object", `${value} ${type}`);
        assert.ok(
          sameDocument(parseExact(result.stored), parseExact(expected)),
          `${value}: ${result.stored}`,
        );
      }
    }
  });

  it("says what happens to a value that does not fit", () => {
    for (const [column, cell, what] of rows("| Column | Value that comes | What happens |")) {
      const value = code(cell)[0]!.replace("(300 bytes)", "x".repeat(300));
      const { change } = planTable({
        eventTypes: ["e"],
        shape: shapeOf([`{"price":${value}}`]),
        catalog: catalogOf("e", { price: [typeOf(column), "price"] }),
        config: defaultConfig(),
        table: { table: "e", catchAll: false },
      });
      const changed = [...(change?.widen ?? []), ...(change?.rewrite ?? [])].map(
        ({ to }) => `the column becomes \`${to}\``,
      );
      const added = (change?.addColumns ?? []).map(
        ({ column, type }) => `new column \`${column}\` of type \`${type}\``,
      );

      assert.deepEqual([...changed, ...added], [what]);
    }
  });

  it("says names", () => {
    for (const [path, column] of rows("| Path | Column |")) {
      assert.equal(columnName(keysOf(code(path)[0]!)), code(column)[0]);
    }
    for (const [eventType, table] of rows("| Event type | Table |")) {
      assert.equal(tableName(code(eventType)[0]!), code(table)[0]);
    }
  });
});
