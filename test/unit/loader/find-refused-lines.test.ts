import assert from "node:assert/strict";
import fc from "fast-check";
import { findRefusedLines } from "../../../services/loader/find-refused-lines.ts";
import type { LoadUnit, UnitPart } from "../../../shared/ports/warehouse.ts";

/** A unit with parts of the given numbers of lines, numbered through with gaps, and a warehouse that refuses some of them. */
function setUp(sizes: readonly number[], isRefused: (line: number) => boolean, refusesAll = false) {
  let next = 1;
  const lines = new Map<string, number[]>();
  const parts = sizes.map((size, index): UnitPart => {
    const key = `parts/${index}`;
    lines.set(
      key,
      Array.from({ length: size }, () => (next += 3)),
    );
    return { key, bytes: 10, lines: size, compression: "zstd" };
  });
  const unit: LoadUnit = {
    sourceId: "s",
    generation: 0,
    eventType: "t",
    receiptKey: "r",
    lane: "live",
    lines: sizes.reduce((sum, size) => sum + size, 0),
    parts,
    source: { id: "s", bucket: "b", key: "k", etag: "e", last_modified: "2026-01-01T00:00:00Z", bytes: 1 },
    replaces: [],
    rejectedLines: [],
  };
  let probes = 0;
  const accepts = async (probe: LoadUnit): Promise<boolean> => {
    probes++;
    assert.equal(
      probe.lines,
      probe.parts.reduce((sum, part) => sum + part.lines, 0),
    );
    const rejected = new Set(probe.rejectedLines);
    const kept = probe.parts.flatMap((part) => lines.get(part.key)!).filter((line) => !rejected.has(line));
    return !refusesAll && !kept.some(isRefused);
  };
  const find = (): Promise<readonly number[]> =>
    findRefusedLines({ unit, accepts, linesOf: async (part) => lines.get(part.key)! });
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
