import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson, canonicalNumber } from "../../helpers/canonical-json.ts";

const same: readonly (readonly [string, string])[] = [
  ['{"a":1,"b":2}', '{ "b" : 2 , "a" : 1.0 }'],
  ['{"a":1,"a":2}', '{"a":2}'],
  ['{"a":1,"\\u0061":2}', '{"a":2}'],
  ['{"a":null,"b":{},"c":{"d":{"e":null}}}', "{}"],
  ['{"a":-0}', '{"a":0.0e5}'],
  ['{"a":1e2}', '{"a":100}'],
  ['{"a":12.5e-3}', '{"a":0.0125}'],
  ['{"a":"\\u00e9\\/"}', '{"a":"é/"}'],
  ['{"t":"2026-01-05T08:00:00Z"}', '{"t":"2026-01-05 09:30:00.000000+01:30"}'],
  ['{"t":"0001-01-01T00:00:00"}', '{"t":"0001-01-01 00:00:00.0"}'],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1.0}}'],
];
const different: readonly (readonly [string, string])[] = [
  ['{"t":"2026-01-05T08:00:00Z"}', '{"t":"2026-01-05T08:00:00"}'],
  ['{"t":"2026-01-05T24:00:00Z"}', '{"t":"2026-01-06T00:00:00Z"}'],
  ['{"t":"2026-02-30T00:00:00Z"}', '{"t":"2026-03-02T00:00:00Z"}'],
  ['{"t":"2026-01-05T08:00:00.1234567Z"}', '{"t":"2026-01-05T08:00:00.123457Z"}'],
  ["[null]", "[]"],
  ["[{}]", "[]"],
  ['{"a":[]}', "{}"],
  ['{"a":""}', "{}"],
  ['{"a":1}', '{"a":"1"}'],
  ['{"a":9007199254740993}', '{"a":9007199254740992}'],
  ['{"a":0.1}', '{"a":0.1000000000000000055}'],
  ['{"a":{"b":1}}', '{"a":{"c":1}}'],
  ['{"a":true}', '{"a":"true"}'],
  ['{"__proto__":1}', "{}"],
];

describe("canonicalJson", () => {
  for (const [a, b] of same)
    it(`takes ${a} and ${b} for the same`, () => assert.equal(canonicalJson(a), canonicalJson(b)));
  for (const [a, b] of different)
    it(`tells ${a} from ${b}`, () => assert.notEqual(canonicalJson(a), canonicalJson(b)));

  it("does not care for spaces and the order of members", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        assert.equal(canonicalJson(JSON.stringify(reversed(value), undefined, 2)), canonicalJson(text));
      }),
    );
  });

  it("takes a hundred thousand levels", () => {
    assert.equal(canonicalJson(deep("1")), canonicalJson(deep("1.0")));
    assert.notEqual(canonicalJson(deep("1")), canonicalJson(deep("2")));
  });

  it("writes numbers in one way", () => {
    assert.deepEqual(["100", "-1.50", "0e9", "12e-1"].map(canonicalNumber), ["1e2", "-15e-1", "0", "12e-1"]);
  });
});

function deep(inner: string): string {
  return `${"[".repeat(1e5)}${inner}${"]".repeat(1e5)}`;
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
