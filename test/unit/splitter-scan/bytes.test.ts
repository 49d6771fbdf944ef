import assert from "node:assert/strict";
import fc from "fast-check";
import { stringKind } from "../../../services/splitter/scan/bytes.ts";
import { KIND } from "../../../services/splitter/scan/kinds.ts";
import { NumberReader } from "../../../services/splitter/scan/number-bytes.ts";
import { classifyNumber, classifyString } from "../../../shared/shape/classify.ts";
import { nearTime, numberText, RUNS } from "../shape/arbitraries.ts";

const KINDS = {
  string: KIND.STRING,
  date: KIND.DATE,
  timestamp: KIND.TIMESTAMP,
  timestamptz: KIND.TIMESTAMPTZ,
};

describe("stringKind", () => {
  it("says of every ASCII string what classifyString says", () => {
    const damaged = fc
      .tuple(nearTime, fc.nat(), fc.stringMatching(/^[ -~]{0,2}$/))
      .map(
        ([time, where, insert]) =>
          time.slice(0, where % (time.length + 1)) + insert + time.slice((where % (time.length + 1)) + 1),
      );
    fc.assert(
      fc.property(fc.oneof(nearTime, damaged), (value) => {
        const bytes = Buffer.from(`"${value}"`);

        assert.equal(stringKind(bytes, 1, value.length), KINDS[classifyString(value)], value);
      }),
      { numRuns: RUNS * 10 },
    );
  });
});

describe("NumberReader", () => {
  it("says of every number what classifyNumber says", () => {
    const reader = new NumberReader();
    fc.assert(
      fc.property(numberText, (text) => {
        const bytes = Buffer.from(`${text},`);
        const digits = /^-?\d+/.exec(text)![0].length;

        const end = reader.finish(bytes, 0, digits);

        const facts = classifyNumber(text);
        if (facts.kind === "inexact") assert.equal(end, -1);
        else assert.equal(end, text.length);
        if (facts.kind === "integer") {
          const small = /^-?\d{1,15}$/.test(text);
          assert.equal(reader.kind, small ? KIND.INTEGER : KIND.BIG_INTEGER);
          if (small) assert.equal(BigInt(reader.value), facts.value);
        }
        if (facts.kind === "float") {
          assert.equal(reader.kind, KIND.FLOAT);
          const digitsOf = [reader.value >> 20, (reader.value >> 10) & 1023, reader.value & 1023];
          assert.deepEqual(digitsOf, [facts.integerDigits, facts.scale, facts.significantDigits]);
        }
      }),
      { numRuns: RUNS * 10 },
    );
  });
});
