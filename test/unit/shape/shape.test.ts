import assert from "node:assert/strict";
import fc from "fast-check";
import { shapeSchema } from "../../../shared/contracts/shape.ts";
import { classifyNumber } from "../../../shared/shape/classify.ts";
import { parseJson, type JsonValue } from "../../../shared/shape/parse-json.ts";
import { shapeFromJson, shapeToJson } from "../../../shared/shape/shape-json.ts";
import { shapeOfJson } from "../../../shared/shape/shape-of-json.ts";
import { mergeShape, Shape } from "../../../shared/shape/shape.ts";
import { objectJson, RUNS } from "./arbitraries.ts";

/** Small, so that the absorbing rule is met often. */
const bounds = fc.array(fc.nat(4), { maxLength: 4 });
const documents = objectJson.filter(isExact);
const several = fc.array(documents, { maxLength: 4 });

describe("Shape", () => {
  it("merges to the same in any grouping", () => {
    fc.assert(
      fc.property(several, several, several, bounds, (a, b, c, keysPerDepth) => {
        const [x, y, z] = [a, b, c].map((group) => shapeOf(group, keysPerDepth));

        const left = merged(keysPerDepth, merged(keysPerDepth, x!, y!), z!);
        const right = merged(keysPerDepth, x!, merged(keysPerDepth, y!, z!));

        assert.deepEqual(shapeToJson(left), shapeToJson(right));
        assert.deepEqual(left, shapeOf([...a, ...b, ...c], keysPerDepth));
      }),
      { numRuns: RUNS },
    );
  });

  it("merges to the same in any order", () => {
    fc.assert(
      fc.property(several, several, bounds, (a, b, keysPerDepth) => {
        const [x, y] = [shapeOf(a, keysPerDepth), shapeOf(b, keysPerDepth)];

        const [xy, yx] = [merged(keysPerDepth, x, y), merged(keysPerDepth, y, x)];

        assert.equal(JSON.stringify(shapeToJson(xy)), JSON.stringify(shapeToJson(yx)));
      }),
      { numRuns: RUNS },
    );
  });

  it("leaves what is merged as it was and shares nothing with it", () => {
    const from = shapeOf(['{"a":{"b":1}}'], [5, 5]);
    const before = JSON.stringify(shapeToJson(from));
    const into = merged([5, 5], from);

    mergeShape(into, shapeOf(['{"a":{"c":7,"b":-1}}'], [5, 5]), [5, 5]);

    assert.equal(JSON.stringify(shapeToJson(from)), before);
  });

  it("is the same after a round trip through its JSON form, the schema included", () => {
    fc.assert(
      fc.property(several, bounds, (group, keysPerDepth) => {
        const shape = shapeOf(group, keysPerDepth);
        const wire = JSON.stringify(shapeToJson(shape));

        const back = shapeFromJson(shapeSchema.parse(JSON.parse(wire)));

        assert.deepEqual(back, shape);
        assert.equal(JSON.stringify(shapeToJson(back)), wire);
      }),
      { numRuns: RUNS },
    );
  });

  it("keeps keys like __proto__ through the schema", () => {
    const shape = shapeOfJson('{"__proto__":1,"___proto__":"x","constructor":null}', [9]);

    const back = shapeFromJson(shapeSchema.parse(JSON.parse(JSON.stringify(shapeToJson(shape)))));

    assert.deepEqual([...back.keys!.keys()].sort(), ["___proto__", "__proto__", "constructor"]);
    assert.deepEqual(back, shape);
  });

  it("never has more keys at a depth than the bound, and is whole just where there were more", () => {
    fc.assert(
      fc.property(several, bounds, (group, keysPerDepth) => {
        const shape = shapeOf(group, keysPerDepth);

        assertBound(shape, keysPerDepth, 0);
        const rootKeys = new Set(group.flatMap(keysOf));
        assert.equal(
          shape.whole,
          [...rootKeys].filter((key) => !key.startsWith("_lr_")).length > (keysPerDepth[0] ?? 0),
        );
      }),
      { numRuns: RUNS },
    );
  });

  it("counts kinds and keeps limits, as the example shows", () => {
    const lines = [
      '{"i":9223372036854775807,"f":19.90,"s":"é\\n","t":"2024-01-01T00:00:00Z","d":"2024-01-01","a":[{"x":1}],"_lr_line":3}',
      '{"i":-9223372036854775808,"f":100.0,"s":"","t":"2024-01-01 00:00:00","d":null,"a":{"x":true},"o":{}}',
    ];

    assert.deepEqual(shapeToJson(shapeOf(lines, [10, 10])), {
      object: 2,
      keys: {
        a: { object: 1, array: 1, keys: { x: { boolean: 1 } } },
        d: { null: 1, date: 1 },
        f: { float: { count: 2, integer_digits: 3, scale: 1, significant_digits: 3 } },
        i: { integer: { count: 2, min: "-9223372036854775808", max: "9223372036854775807" } },
        o: { object: 1 },
        s: { string: { count: 2, bytes: 3 } },
        t: { timestamptz: 1, timestamp: 1 },
      },
    });
  });
});

function shapeOf(group: readonly string[], keysPerDepth: readonly number[]): Shape {
  return merged(keysPerDepth, ...group.map((text) => shapeOfJson(text, keysPerDepth)));
}

function merged(keysPerDepth: readonly number[], ...shapes: readonly Shape[]): Shape {
  const into = new Shape();
  for (const shape of shapes) mergeShape(into, shape, keysPerDepth);
  return into;
}

function assertBound(shape: Shape, keysPerDepth: readonly number[], depth: number): void {
  assert.ok((shape.keys?.size ?? 0) <= (keysPerDepth[depth] ?? 0));
  assert.ok(!(shape.whole && shape.keys));
  for (const child of shape.keys?.values() ?? []) assertBound(child, keysPerDepth, depth + 1);
}

function keysOf(text: string): string[] {
  const root = parseJson(text);
  return root.type === "object" ? root.members.map((member) => member.key) : [];
}

function isExact(text: string): boolean {
  const check = (value: JsonValue): boolean => {
    if (value.type === "number") return classifyNumber(value.text).kind !== "inexact";
    if (value.type === "array") return value.items.every(check);
    return value.type !== "object" || value.members.every((member) => check(member.value));
  };
  return check(parseJson(text));
}
