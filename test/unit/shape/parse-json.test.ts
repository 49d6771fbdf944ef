import assert from "node:assert/strict";
import fc from "fast-check";
import { JsonSyntaxError, parseJson } from "../../../shared/shape/parse-json.ts";
import { json, RUNS } from "./arbitraries.ts";
import { plain } from "./plain.ts";

describe("parseJson", () => {
  it("reads what JSON.parse reads, and the same", () => {
    fc.assert(
      fc.property(json, (text) => assert.deepEqual(plain(parseJson(text)), JSON.parse(text))),
      { numRuns: RUNS * 2 },
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const damage = fc.tuple(
      json,
      fc.nat(),
      fc.nat(3),
      fc.constantFrom(...'"\\{}[]:,0-.eE+u tfn\n\t\0\x1f\ufeff'.split("")),
    );
    fc.assert(
      fc.property(damage, ([text, where, cut, unit]) => {
        const at = where % (text.length + 1);
        const damaged = text.slice(0, at) + unit + text.slice(at + cut);

        assert.equal(accepts(parseJson, damaged), accepts(JSON.parse, damaged), JSON.stringify(damaged));
      }),
      { numRuns: RUNS * 5 },
    );
  });

  it("keeps the text of numbers and every duplicate member, with their places", () => {
    const text = ' {"a":1.50, "\\u0061" : [2e1]} ';

    const root = parseJson(text);

    assert.ok(root.type === "object");
    assert.deepEqual(
      root.members.map((member) => member.key),
      ["a", "a"],
    );
    const [first, second] = root.members;
    assert.ok(first?.value.type === "number" && first.value.text === "1.50");
    assert.equal(text.slice(second!.start, second!.value.end), '"\\u0061" : [2e1]');
    assert.equal(text.slice(root.start, root.end), text.trim());
  });

  it("checks containers beyond the depth asked for, without keeping them", () => {
    const root = parseJson('[1,[2,[3,{"a":[]}],4]]', 2);

    assert.ok(root.type === "array" && root.items[1]?.type === "array");
    assert.ok(!root.tooDeep && root.items[1].tooDeep);
    assert.equal(root.items[1].items.length, 2);
    assert.throws(() => parseJson('[[[{"a" 1}]]]', 2), JsonSyntaxError);
    assert.throws(() => parseJson("[[[}]]]", 2), JsonSyntaxError);
  });

  it("survives nesting a million deep", () => {
    const text = "[".repeat(1e6) + "]".repeat(1e6);

    assert.equal(parseJson(text, 1000).end, text.length);
    assert.throws(() => parseJson(text.slice(1), 1000), JsonSyntaxError);
  });
});

function accepts(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    assert.ok(error instanceof SyntaxError || error instanceof JsonSyntaxError);
    return false;
  }
}
