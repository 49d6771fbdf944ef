import assert from "node:assert/strict";
import fc from "fast-check";
import { classifyNumber, classifyString, isAddressable } from "../../../shared/shape/classify.ts";
import { numberText, RUNS } from "./arbitraries.ts";

const STRINGS: Record<string, readonly string[]> = {
  timestamptz: [
    "2024-02-29T00:00:00Z",
    "2024-02-29 23:59:59.123456Z",
    "2024-01-01T00:00:00+15:59",
    "2024-01-01T00:00:00.5-00:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-00:00",
    "2000-02-29T12:00:00-15:59",
  ],
  timestamp: ["2024-02-29T00:00:00", "0001-01-01 00:00:00", "9999-12-31T23:59:59.999999"],
  date: ["2024-02-29", "0001-01-01", "9999-12-31", "2000-02-29"],
  string: [
    "",
    "2023-02-29",
    "1900-02-29",
    "0000-01-01",
    "2024-13-01",
    "2024-00-01",
    "2024-01-00",
    "2024-04-31",
    "2024-1-1",
    "2024-01-01T24:00:00Z",
    "2024-01-01T23:60:00Z",
    "2024-01-01T23:59:60Z",
    "2024-01-01T00:00:00.Z",
    "2024-01-01T00:00:00.1234567Z",
    "2024-01-01T00:00:00z",
    "2024-01-01t00:00:00Z",
    "2024-01-01T00:00:00+16:00",
    "2024-01-01T00:00:00+01:60",
    "2024-01-01T00:00:00+0100",
    "2024-01-01T00:00:00 Z",
    "2024-01-01T00:00",
    "2024-01-01Z",
    "2024-01-01 ",
    "2024-01-01\n",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-01:00",
    "٢٠٢٤-01-01",
  ],
};

const NUMBERS: readonly [string, string][] = [
  ["0", "integer 0"],
  ["-0", "integer 0"],
  ["9223372036854775807", "integer 9223372036854775807"],
  ["-9223372036854775808", "integer -9223372036854775808"],
  ["9223372036854775808", "inexact"],
  ["-9223372036854775809", "inexact"],
  ["18446744073709551615", "inexact"],
  ["10000000000000000000", "float 20 0 20"],
  ["19.90", "float 2 1 3"],
  ["-19.99", "float 2 2 4"],
  ["100.0", "float 3 0 3"],
  ["0.05", "float 0 2 1"],
  ["0.0", "float 0 0 0"],
  ["-0.0", "float 0 0 0"],
  ["0e999999", "float 0 0 0"],
  ["1e2", "float 3 0 3"],
  ["1.5e1", "float 2 0 2"],
  ["15e-1", "float 1 1 2"],
  ["1E+22", "float 23 0 23"],
  ["5e-324", "float 0 324 1"],
  ["1.7976931348623157e308", "float 309 0 309"],
  ["1e999", "inexact"],
  ["-1e999", "inexact"],
  ["1e-999", "inexact"],
  ["1e99999999999999999999", "inexact"],
  ["0.1000000000000000055", "inexact"],
  ["0.30000000000000004", "float 0 17 17"],
  ["123456789012345678.5", "inexact"],
  [`1.${"0".repeat(5000)}`, "float 1 0 1"],
];

describe("classifyString", () => {
  for (const [kind, values] of Object.entries(STRINGS)) {
    for (const value of values) {
      it(`takes ${JSON.stringify(value)} for a ${kind}`, () => assert.equal(classifyString(value), kind));
    }
  }
});

describe("classifyNumber", () => {
  for (const [text, expected] of NUMBERS) {
    it(`says of ${text.slice(0, 30)}: ${expected}`, () => assert.equal(describeNumber(text), expected));
  }

  it("calls a number exact just when it equals what its double prints, as fractions", () => {
    fc.assert(
      fc.property(numberText, (text) => {
        const facts = classifyNumber(text);
        const double = Number(text);

        const exact = Number.isFinite(double) && sameFraction(text, String(double));

        if (facts.kind === "integer") assert.equal(facts.value, BigInt(text));
        else assert.equal(facts.kind === "float", exact, text);
      }),
      { numRuns: RUNS * 5 },
    );
  });
});

describe("isAddressable", () => {
  it("wants 1 to 127 bytes without NUL and without half a pair", () => {
    const fit = ["a", " ", "__proto__", "x".repeat(127), "é".repeat(63), "\ud83d\ude00"];
    const unfit = ["", "a\0", "\ud800", "x".repeat(128), "é".repeat(64)];

    assert.deepEqual(
      fit.filter((key) => !isAddressable(key)),
      [],
    );
    assert.deepEqual(unfit.filter(isAddressable), []);
  });
});

function describeNumber(text: string): string {
  const facts = classifyNumber(text);
  if (facts.kind === "integer") return `integer ${facts.value}`;
  if (facts.kind === "inexact") return "inexact";
  return `float ${facts.integerDigits} ${facts.scale} ${facts.significantDigits}`;
}

/** Compares two decimals by exact integer arithmetic, another way than the code under test. */
function sameFraction(a: string, b: string): boolean {
  const [first, second] = [fraction(a), fraction(b)];
  return first.top * second.bottom === second.top * first.bottom;
}

function fraction(text: string): { top: bigint; bottom: bigint } {
  const [, sign, whole, decimals = "", power = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(
    text,
  )!;
  const digits = BigInt(`${sign}${whole}${decimals}`);
  const exponent = Number(power) - decimals.length;
  return exponent >= 0
    ? { top: digits * 10n ** BigInt(exponent), bottom: 1n }
    : { top: digits, bottom: 10n ** BigInt(-exponent) };
}
