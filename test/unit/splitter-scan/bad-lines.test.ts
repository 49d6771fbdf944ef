import assert from "node:assert/strict";
import fc from "fast-check";
import { badLinesOf, BadLinesBuilder } from "../../../services/splitter/scan/bad-lines.ts";
import type { QuarantinedLine } from "../../../services/splitter/scan/contract.ts";

describe("BadLinesBuilder", () => {
  it("gives back every line as it was, from wherever the block is in its buffer", () => {
    const buffer = Buffer.from(Array.from({ length: 300 }, (_, i) => i % 251)).buffer;
    const builder = new BadLinesBuilder();
    const line: fc.Arbitrary<QuarantinedLine> = fc.record({
      line: fc.integer({ min: 1, max: 2 ** 45 }),
      offset: fc.integer({ min: 0, max: 2 ** 50 }),
      reason: fc.constantFrom("invalid_json", "no_event_type", "by_rule"),
      detail: fc.constantFrom("", "at byte 1", "at byte 2", "invalid_json at"),
      start: fc.integer({ min: 0, max: 100 }),
      end: fc.integer({ min: 100, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 50 }), fc.integer({ min: 0, max: 90 }), (bad, blockAt) => {
        for (const each of bad) builder.add(each);
        const packed = structuredClone(builder.take());

        assert.equal(packed.count, bad.length);
        assert.deepEqual(
          [...badLinesOf(packed, buffer, blockAt)],
          bad.map(({ start, end, ...rest }) => ({
            ...rest,
            raw: new Uint8Array(buffer, blockAt + start, end - start),
          })),
        );
      }),
    );
  });
});
