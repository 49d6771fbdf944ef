import assert from "node:assert/strict";
import fc from "fast-check";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { addValue, Shape } from "../../../shared/shape/shape.ts";
import { classifyNumber } from "../../../shared/shape/classify.ts";
import { parseJson } from "../../../shared/shape/parse-json.ts";
import { nearTime, numberText, RUNS } from "../shape/arbitraries.ts";
import { options, scanBytes } from "./scan-helpers.ts";

function isInexact(text: string): boolean {
  return /^[-\d]/.test(text) && classifyNumber(text).kind === "inexact";
}

/** Every text is a value of its own event type, so that each has a shape of its own. */
function holdsShapes(texts: readonly string[]): void {
  const lines = texts.map((text, index) => `{"type":"t${index}","v":${text}}\n`);

  const { shapes, results } = scanBytes(Buffer.from(lines.join("")), { keysPerDepth: [4] });

  assert.equal(results[0]!.rows, texts.length);
  assert.equal(results[0]!.normalised, texts.filter(isInexact).length);
  lines.forEach((line, index): void => {
    if (isInexact(texts[index]!)) return assert.equal(shapes.get(`t${index}`)!.keys?.has("v"), false, line);
    const expected = new Shape();
    const root = parseJson(line.slice(0, -1), 1000);
    addValue(expected, root, options({ keysPerDepth: [4] }).keysPerDepth);
    assert.deepEqual(shapeToJson(shapes.get(`t${index}`)!), shapeToJson(expected), line);
  });
}

describe("text and numbers as the scanner reads them", () => {
  const damaged = fc
    .tuple(nearTime, fc.nat(), fc.stringMatching(/^[ -~]{0,2}$/))
    .map(
      ([time, where, insert]) =>
        time.slice(0, where % (time.length + 1)) + insert + time.slice((where % (time.length + 1)) + 1),
    );

  it("tells times from other strings as the slow path does", () => {
    const values = fc.array(fc.oneof(nearTime, damaged), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(values, (strings) => holdsShapes(strings.map((value) => JSON.stringify(value)))),
      { numRuns: Math.ceil(RUNS / 5) },
    );
  });

  it("tells integers, floats and inexact numbers apart as the slow path does", () => {
    const values = fc.array(numberText, { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(values, (numbers) => holdsShapes(numbers)),
      { numRuns: Math.ceil(RUNS / 5) },
    );
  });

  it("knows the last integers within 64 bits and the first beyond", () => {
    const near = [2n ** 63n, -(2n ** 63n), 10n ** 18n, 10n ** 19n, 2n ** 64n, 9_999_999_999_999_999_999n];
    holdsShapes(near.flatMap((n) => [n - 2n, n - 1n, n, n + 1n, -n].map(String)));
  });
});
