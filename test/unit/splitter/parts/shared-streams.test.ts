import assert from "node:assert/strict";
import { TYPES_A_PART } from "../../../../services/splitter/parts/shared-streams.ts";
import type { Receipt } from "../../../../shared/contracts/receipt.ts";
import { lineNumbers, split } from "../split-helpers.ts";

const event = (type: string, n: number, pad = 0): string =>
  `{"event":"${type}","n":${n},"s":"${"x".repeat(pad)}"}\n`;
const round = (types: readonly string[], n: number): string => types.map((type) => event(type, n)).join("");
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `t${i}`);
const typesOf = (receipt: Receipt): string[][] =>
  receipt.parts.map(({ types }) => types.map(({ event_type }) => event_type));

describe("event types that share parts", () => {
  it("are all small ones of a source, in the order in which they came, with a shape each", async () => {
    const { receipt } = await split(round(names(5), 1) + round(names(5).toReversed(), 2));

    assert.deepEqual(typesOf(receipt), [names(5)]);
    for (const { lines, shape } of receipt.parts[0]!.types) {
      assert.equal(lines, 2);
      assert.equal(shape!.keys!["n"]!.integer!.count, 2);
    }
  });

  it(`are ${TYPES_A_PART} a part at the most`, async () => {
    const { receipt } = await split(round(names(2 * TYPES_A_PART + 20), 1));

    assert.deepEqual(
      typesOf(receipt).map((types) => types.length),
      [TYPES_A_PART, TYPES_A_PART, 20],
    );
  });

  it("are not those with enough for a part of their own, nor _lr_other", async () => {
    const large = Array.from({ length: 100 }, (_, i) => event("large", i, 300)).join("");
    const { receipt } = await split(round(names(3), 1) + large + round(["late"], 1), {
      config: { splitter: { own_part_bytes: 10_000, max_types_per_source: 4 } },
    });

    assert.deepEqual(new Set(typesOf(receipt).map(String)), new Set(["large", "t0,t1,t2", "_lr_other"]));
  });

  for (const [what, own_part_bytes, pad] of [
    ["a buffer", 1024 * 1024, 1000],
    ["several frames", 1024 * 1024, 4000],
    ["frames, some of parts of their own", 400_000, 2500],
  ] as const) {
    it(`have all of their lines in order where they fill ${what}, whatever memory there is`, async () => {
      const lines = Array.from({ length: 1500 }, (_, i) => event(`t${i % 3 === 0 ? 0 : i % 5}`, i, pad));
      const numbersOf = (type: string): number[] =>
        lines.flatMap((line, i) => (line.includes(`"${type}"`) ? [i + 1] : []));

      for (const memory_bytes of [64 * 1024 * 1024, 3_000_000]) {
        const { types } = await split(lines.join(""), {
          config: { splitter: { own_part_bytes, memory_bytes } },
        });

        for (const type of names(5)) assert.deepEqual(lineNumbers(types.get(type)!), numbersOf(type));
      }
    });
  }

  it("are none when nothing is to share", async () => {
    const { receipt } = await split(round(names(3), 1), { config: { splitter: { own_part_bytes: 0 } } });

    assert.deepEqual(typesOf(receipt), [["t0"], ["t1"], ["t2"]]);
  });

  it("leave for parts of their own when they have grown, in order", async () => {
    const many = names(30).map((type) => event(type, 1, 5000));
    const filling = Array.from({ length: 1500 }, (_, i) => event("filling", i, 1000));
    const more = Array.from({ length: 300 }, (_, i) => event("t7", i, 1000));
    const { receipt, types } = await split([...many, ...filling, ...more].join(""), {
      config: { splitter: { own_part_bytes: 100_000, memory_bytes: 400_000 } },
    });

    const parts = typesOf(receipt).filter((types) => types.includes("t7"));
    assert.deepEqual(
      parts.map((types) => types.length > 1),
      [true, false],
    );
    const expected = Array.from({ length: 300 }, (_, i) => i + 1531);
    assert.deepEqual(lineNumbers(types.get("t7")!), [8, ...expected]);
    assert.equal(receipt.parts.flatMap(({ types }) => types).filter(({ shape }) => shape).length, 31);
  });
});
