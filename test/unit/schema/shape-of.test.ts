// The tests' own way to a shape and the splitter's are held against each other, so that plans are tried on shapes as they really come.
import assert from "node:assert/strict";
import fc from "fast-check";
import { shapeOfJson } from "../../../shared/shape/shape-of-json.ts";
import { mergeShape, Shape } from "../../../shared/shape/shape.ts";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { NUMBERS } from "../../fixtures/cases/numbers.ts";
import { TEXTS } from "../../fixtures/cases/texts.ts";
import { shapeOf } from "./shape-of.ts";

const KEYS_PER_DEPTH = Array.from({ length: 12 }, () => 3);

function merged(documents: readonly string[]): unknown {
  const shape = new Shape();
  for (const document of documents) mergeShape(shape, shapeOfJson(document, KEYS_PER_DEPTH), KEYS_PER_DEPTH);
  return JSON.parse(JSON.stringify(shapeToJson(shape)));
}

describe("shapes of the tests", () => {
  it("are those of the splitter", () => {
    const value = fc.constantFrom(
      ...[...NUMBERS, ...TEXTS].filter(({ first }) => first !== "rescue").map(({ json }) => json),
      "null",
      "true",
      "{}",
      "[]",
      '[{"a":1}]',
      '{"b":null}',
      '{"a":1,"b":2,"c":3,"d":4}',
      '{"a":{"b":{"c":"x"}}}',
    );
    const document = fc
      .uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c", "d", "__proto__", "___proto__"), value), {
        minLength: 1,
        maxLength: 4,
        selector: ([key]) => key,
      })
      .map((members) => `{${members.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join()}}`);
    fc.assert(
      fc.property(fc.array(document, { minLength: 1, maxLength: 5 }), (documents) => {
        assert.deepEqual(merged(documents), JSON.parse(JSON.stringify(shapeOf(documents, 3))));
      }),
      { numRuns: Number(process.env["FC_RUNS"] ?? 200) },
    );
  });
});
