import assert from "node:assert/strict";
import fc from "fast-check";
import pc from "picocolors";
import { stripVTControlCharacters } from "node:util";
import { displayWidth } from "../../../cli/output/display-width.ts";
import { duration, plural } from "../../../cli/output/numbers.ts";
import { printable, printableBytes } from "../../../cli/output/printable.ts";
import { shellQuote } from "../../../cli/output/shell-quote.ts";
import { table } from "../../../cli/output/table.ts";

const runs = { numRuns: Number(process.env["FC_RUNS"] ?? 200) };

describe("printable", () => {
  it("leaves plain text alone, in any script", () => {
    for (const text of ["click", "Größe 😀 漢字", "a b"]) assert.equal(printable(text), text);
  });

  it("lets nothing through that steers a terminal", () => {
    const hostile = fc.string({ unit: "binary" });

    fc.assert(
      fc.property(hostile, (text) => {
        assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      }),
      runs,
    );
    assert.equal(printable("\u001b[2J\r\n\u202e\ud800"), String.raw`\u001b[2J\r\n\u202e\ud800`);
  });

  it("shows bytes that are no UTF-8 as numbers, and says how many are left out", () => {
    assert.equal(printableBytes(Buffer.from([0x61, 0xff, 0x0a])), String.raw`a\xff\n`);
    assert.equal(printableBytes(Buffer.from("abcdef"), 2), "ab… (4 more bytes)");
  });
});

describe("shellQuote", () => {
  it("makes one word of anything", () => {
    assert.equal(shellQuote("/a/b-c.gz"), "/a/b-c.gz");
    assert.equal(shellQuote("it's $HOME"), String.raw`'it'\''s $HOME'`);
    assert.equal(shellQuote(""), "''");
  });
});

describe("duration and plural", () => {
  const cases: readonly [seconds: number, text: string][] = [
    [0, "0 s"],
    [0.44, "0.4 s"],
    [9.99, "10 s"],
    [119, "119 s"],
    [120, "2 min"],
    [7200, "2 h"],
    [86_400 * 3, "3 d"],
  ];
  for (const [seconds, text] of cases)
    it(`${seconds} s is ${text}`, () => assert.equal(duration(seconds), text));

  it("counts one and many", () => {
    assert.deepEqual([plural(1, "line"), plural(1234, "line")], ["1 line", "1,234 lines"]);
  });
});

describe("table", () => {
  const columns = [
    { title: "name", shrinkTo: 8 },
    { title: "rows", align: "right" as const },
  ];
  const draw = (rows: string[][], width?: number): string[] => {
    const stdout = { write: () => true, isTTY: width !== undefined, ...(width ? { columns: width } : {}) };
    return table({ stdout, colours: pc.createColors(false) }, columns, rows)
      .trimEnd()
      .split("\n");
  };

  it("is as wide as its content where stdout is no terminal", () => {
    assert.deepEqual(draw([["a".repeat(200), "1"]])[1], `${"a".repeat(200)}     1`);
  });

  it("never leaves the terminal, whatever the cells hold", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "é", "漢", "😀", " ", "w"), maxLength: 60 });

    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, fc.nat(99_999).map(String)), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 20, max: 140 }),
        (rows, width) => {
          for (const line of draw(
            rows.map((row) => [...row]),
            width,
          )) {
            assert.ok(
              displayWidth(stripVTControlCharacters(line)) <= width,
              `${displayWidth(line)} > ${width}: ${line}`,
            );
          }
        },
      ),
      runs,
    );
  });
});
