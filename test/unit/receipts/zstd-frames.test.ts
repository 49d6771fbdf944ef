import assert from "node:assert/strict";
import { constants, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { zstdFrames } from "../../../shared/receipts/zstd-frames.ts";

const RUNS = Number(process.env["FC_RUNS"] ?? 60);

describe("zstdFrames", () => {
  const frame = fc
    .record({
      text: fc.oneof(
        fc.string({ maxLength: 400 }),
        fc.nat({ max: 300_000 }).map((bytes) => "ab".repeat(bytes)),
        fc
          .nat({ max: 200_000 })
          .map((bytes) => Array.from({ length: bytes }, (_, n) => (n * n) % 97).join("")),
      ),
      checksum: fc.boolean(),
      contentSize: fc.boolean(),
    })
    .map(({ text, checksum, contentSize }) =>
      zstdCompressSync(text, {
        params: {
          [constants.ZSTD_c_checksumFlag]: Number(checksum),
          [constants.ZSTD_c_contentSizeFlag]: Number(contentSize),
        },
      }),
    );
  const skippable = fc
    .tuple(fc.integer({ min: 0, max: 15 }), fc.uint8Array({ maxLength: 20 }))
    .map(([n, bytes]) => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(0x184d2a50 + n, 0);
      head.writeUInt32LE(bytes.length, 4);
      return Buffer.concat([head, bytes]);
    });

  it("finds every frame's end", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 5, arbitrary: frame }, skippable), { maxLength: 6 }),
        (frames) => {
          const found = [...zstdFrames(Buffer.concat(frames))].map((bytes) =>
            Buffer.from(bytes).toString("hex"),
          );
          assert.deepEqual(
            found,
            frames.map((bytes) => bytes.toString("hex")),
          );
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("gives what cannot be read, or breaks off, as one piece, and never more than there is", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.uint8Array(),
        (frames, cut, more) => {
          const whole = Buffer.concat(frames);
          for (const bytes of [
            whole.subarray(0, cut % whole.length),
            Buffer.concat([whole, more]),
            Buffer.from(more),
          ]) {
            assert.deepEqual(Buffer.concat([...zstdFrames(bytes)]), bytes);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
