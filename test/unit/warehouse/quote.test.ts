import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { qualifiedName, quoteIdentifier, quoteLiteral } from "../../../shared/warehouse/sql/quote.ts";

const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((text) => !text.includes("\0"));
const hostile = fc.oneof(text, fc.constantFrom(`"`, `""`, `'`, `''; --`, "\\'", `a"."b`, "$1", "\n", "😀"));

describe("quoting", () => {
  it("refuses names and literals that no warehouse takes", () => {
    assert.throws(() => quoteIdentifier(""), { code: "INTERNAL" });
    assert.throws(() => quoteIdentifier("a\0b"), { code: "INTERNAL" });
    assert.throws(() => quoteLiteral("a\0b"), { code: "INTERNAL" });
  });

  it("gives any text and any name back as it is", async () => {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (value, name) => {
        const reader = await connection.runAndReadAll(
          `SELECT ${quoteLiteral(value)} AS ${quoteIdentifier(name)}`,
        );
        assert.deepEqual(reader.columnNames(), [name]);
        assert.deepEqual(reader.getRows(), [[value]]);
      }),
      { numRuns: Number(process.env["FC_RUNS"] ?? 100) },
    );
    connection.closeSync();
    instance.closeSync();
  });

  it("qualifies a name with its schema", () => {
    assert.equal(qualifiedName('a"b', "c.d"), '"a""b"."c.d"');
  });
});
