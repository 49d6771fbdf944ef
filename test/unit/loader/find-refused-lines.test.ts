import assert from "node:assert/strict";
import fc from "fast-check";
import { findRefusedLines } from "../../../services/loader/find-refused-lines.ts";
import type { UnitPart } from "../../../shared/ports/warehouse.ts";

/** Parts of the given numbers of lines, numbered through with gaps, and a warehouse that refuses some of them. */
function setUp(sizes: readonly number[], isRefused: (line: number) => boolean, refusesAll = false) {
  let next = 1;
  let probes = 0;
  const lines = new Map<string, number[]>();
  const parts = sizes.map((size, index): UnitPart => {
    const key = `parts/${index}`;
    lines.set(
      key,
      Array.from({ length: size }, () => (next += 3)),
    );
    return { key, bytes: 10, lines: size, compression: "zstd" };
  });
  const takes = (kept: readonly number[]): boolean => {
    probes++;
    return !refusesAll && !kept.some(isRefused);
  };
  const linesOf = async (part: UnitPart): Promise<readonly number[]> => lines.get(part.key)!;
  const find = (): Promise<readonly number[]> =>
    findRefusedLines({
      parts,
      takesParts: async (some) => takes(some.flatMap((part) => lines.get(part.key)!)),
      takesLines: async (_part, some) => takes(some),
      linesOf,
    });
  return { find, all: [...lines.values()].flat(), probes: () => probes };
}

describe("finding refused lines", () => {
  it("finds exactly the refused lines, wherever they are", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.nat(1_000), { minLength: 1, maxLength: 6 }),
        async (sizes, picks) => {
          const all = setUp(sizes, () => false).all;
          const refused = new Set(picks.map((pick) => all[pick % all.length]!));
          const { find } = setUp(sizes, (line) => refused.has(line));

          assert.deepEqual(
            await find(),
            [...refused].toSorted((a, b) => a - b),
          );
        },
      ),
    );
  });

  it("needs few probes for one line among many", async () => {
    const { find, probes, all } = setUp([100_000], (line) => line === 3_001);

    assert.deepEqual(await find(), [3_001]);
    assert.ok(all.includes(3_001));
    assert.ok(probes() <= 40, String(probes()));
  });

  it("gives up rather than call every line guilty", async () => {
    await assert.rejects(setUp([50], () => true, true).find(), /refused even without lines/);
    await assert.rejects(setUp([500], () => true).find(), /more than 100 lines/);
    await assert.rejects(setUp([50], () => false).find(), /no single line/);
  });
});
