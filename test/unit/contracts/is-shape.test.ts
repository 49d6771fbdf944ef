import assert from "node:assert/strict";
import fc from "fast-check";
import { isShape } from "../../../shared/contracts/is-shape.ts";
import { shapeSchema, type ShapeJson } from "../../../shared/contracts/shape.ts";
import { isObject, type Plain, type PlainObject } from "../shape/plain.ts";
import { key, RUNS } from "../shape/arbitraries.ts";

const number = fc.integer({ min: 1, max: 9 });
const { shapes } = fc.letrec<{ shapes: ShapeJson }>((tie) => ({
  shapes: fc.record(
    {
      null: number,
      boolean: number,
      timestamptz: number,
      timestamp: number,
      date: number,
      object: number,
      array: number,
      whole: fc.constant(true as const),
      integer: fc.record({ count: number, min: fc.constant("-1"), max: fc.constant("7") }),
      float: fc.record({ count: number, integer_digits: number, scale: number, significant_digits: number }),
      string: fc.record({ count: number, bytes: fc.nat(9) }),
      keys: fc.oneof(
        { maxDepth: 3, depthSize: "small" },
        fc.constant({}),
        fc.dictionary(key, tie("shapes"), { maxKeys: 4 }),
      ),
    },
    { requiredKeys: [] },
  ),
}));

const NAMES = (
  "null boolean integer float string timestamptz timestamp date object array keys whole " +
  "count bytes min max integer_digits scale significant_digits more 0 __proto__ constructor toString"
).split(" ");
const values = fc.oneof(
  fc.constantFrom<Plain>(0, -0, 1, 7, -1, 1.5, 2 ** 53 - 1, 2 ** 53, 1e300, null, true, false, "", "1", []),
  fc
    .constantFrom<() => Plain>(
      () => ({}),
      () => ({ count: 1 }),
      () => ({ count: 1, bytes: 0 }),
      () => ({ count: 1, min: "0", max: "0" }),
      () => ({ count: 1, integer_digits: 0, scale: 0, significant_digits: 0 }),
      () => ({ a: { null: 1 } }),
      () => [{}],
    )
    .map((make) => make()),
);
/** A member of one of the objects is set, or, without a value, taken out. */
const change = fc.record({
  object: fc.nat(20),
  name: fc.oneof(fc.constantFrom(...NAMES), fc.nat(9)),
  value: fc.option(values, { nil: undefined }),
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

describe("isShape", () => {
  it("says yes to every shape that the schema accepts, and to no other value", () => {
    fc.assert(
      fc.property(shapes, fc.array(change, { maxLength: 3 }), (shape, changes) => {
        const json = parsed(shape);
        for (const one of changes) apply(one, json);

        const accepted = shapeSchema.safeParse(json);

        // The schema leaves `__proto__` out: it is asked.
        if (!JSON.stringify(json).includes('"__proto__"')) assert.equal(isShape(json), accepted.success);
        if (isShape(json)) assert.deepEqual(accepted.data, json);
      }),
      { numRuns: RUNS * 5 },
    );
  });

  it("leaves a key __proto__ to the schema", () => {
    const json = JSON.parse('{"object":1,"keys":{"a":{"keys":{"__proto__":{"null":1}}}}}') as unknown;

    assert.equal(isShape(json), false);
    assert.ok(shapeSchema.safeParse(json).success);
  });

  it("leaves what is very deep to the schema", () => {
    const nested = (depth: number): ShapeJson =>
      depth === 0 ? { null: 1 } : { object: 1, keys: { a: nested(depth - 1) } };

    assert.equal(isShape(nested(400)), true);
    assert.equal(isShape(nested(2_000)), false);
  });

  for (const json of [null, undefined, 1, "", true, [], [{}]]) {
    it(`says no to ${JSON.stringify(json)}`, () => assert.equal(isShape(json), false));
  }
});

function parsed(shape: ShapeJson): PlainObject {
  return JSON.parse(JSON.stringify(shape)) as PlainObject;
}

function apply({ object, name, value }: Change, json: PlainObject): void {
  const objects = objectsIn(json);
  const target = objects[object % objects.length]!;
  const names = Object.keys(target);
  const at = typeof name === "string" ? name : (names[name % Math.max(1, names.length)] ?? "");
  if (value === undefined) delete target[at];
  else Object.defineProperty(target, at, { value, enumerable: true, configurable: true, writable: true });
}

function objectsIn(json: Plain): PlainObject[] {
  if (Array.isArray(json)) return json.flatMap(objectsIn);
  if (!isObject(json)) return [];
  return [json, ...Object.values(json).flatMap(objectsIn)];
}
