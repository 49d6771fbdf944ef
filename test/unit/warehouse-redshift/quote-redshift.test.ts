import assert from "node:assert/strict";
import fc from "fast-check";
import { tokenize } from "../../../localstack/redshift-data/sql/tokens.ts";
import {
  foldName,
  redshiftLiteral,
  redshiftName,
  redshiftTable,
  redshiftValue,
} from "../../../shared/warehouse/sql/quote-redshift.ts";

/** Reads statements by Redshift's rules, written down apart from the code here. */
const tokensOf = (sql: string) => tokenize(sql, false);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc
    .array(fc.constantFrom("'", '"', "\\", "''", "\\'", "--", "/*", ";", "$$", "\n", "é", "😀", "A", " "), {
      maxLength: 12,
    })
    .map((all) => all.join("")),
);
const storable = text.filter((one) => one.isWellFormed() && !one.includes("\0"));

describe("names and texts in Redshift statements", () => {
  it("literals are one token with the text itself, whatever stands behind", () => {
    fc.assert(
      fc.property(storable, storable, (first, second) => {
        const tokens = tokensOf(`${redshiftLiteral(first)} || ${redshiftLiteral(second)} || 1`);
        assert.deepEqual(
          tokens.map(({ text }) => text),
          [first, "||", second, "||", "1"],
        );
      }),
    );
  });

  it("names are one token, folded to lower case", () => {
    const name = storable.filter((one) => one !== "" && Buffer.byteLength(one) <= 127);
    fc.assert(
      fc.property(name, (one) => {
        const [token, ...rest] = tokensOf(redshiftName(one));
        assert.deepEqual([token!.kind, token!.text, rest.length], ["name", foldName(one), 0]);
      }),
    );
  });

  it("a backslash before the closing quote does not take it along", () => {
    assert.equal(redshiftLiteral("C:\\"), "'C:\\\\'");
    assert.equal(redshiftLiteral("it's \\' done"), "'it''s \\\\'' done'");
    assert.equal(redshiftTable("Events", 'a"b'), '"events"."a""b"');
  });

  it("refuses what Redshift would cut, or cannot hold", () => {
    for (const name of ["", "a\0b", "x".repeat(128), "é".repeat(64), "\ud800"])
      assert.throws(() => redshiftName(name), { code: "INTERNAL" }, JSON.stringify(name));
    for (const value of ["a\0b", "\udc00"]) assert.throws(() => redshiftLiteral(value), { code: "INTERNAL" });
    for (const value of [1.5, Number.NaN, 2 ** 60])
      assert.throws(() => redshiftValue(value), { code: "INTERNAL" });
  });

  it("writes values of each type", () => {
    const date = new Date("2026-01-05T08:00:00.123Z");
    assert.deepEqual(["a", 7, true, undefined, null, date].map(redshiftValue), [
      "'a'",
      "7",
      "true",
      "NULL",
      "NULL",
      "'2026-01-05 08:00:00.123+00'",
    ]);
  });
});
