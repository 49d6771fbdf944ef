import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { ZstdEncoder } from "../../../../services/splitter/parts/zstd-encoder.ts";

const SMALL = 64 * 1024;

describe("ZstdEncoder", () => {
  it("compresses small frames at once (if not, Node's zlib streams have changed: see zstd-encoder.ts)", () => {
    const encoder = new ZstdEncoder(1, SMALL);
    for (const bytes of [1, 2, 1000, 5000, 60_000, SMALL, 17]) {
      for (const raw of [randomBytes(bytes), Buffer.alloc(bytes, "abc")]) {
        const frame = encoder.frameNow(raw);

        assert.ok(frame);
        assert.equal(zstdDecompressSync(frame).equals(raw), true);
      }
    }
  });

  it("refuses at once what might not fit", () => {
    assert.equal(new ZstdEncoder(1, SMALL).frameNow(randomBytes(4 * SMALL)), undefined);
  });

  it("makes frames that stand for themselves, one way after the other", async () => {
    const encoder = new ZstdEncoder(3, SMALL);
    const raws = [randomBytes(9000), randomBytes(9000), randomBytes(200)];

    const frames = [
      Buffer.from(encoder.frameNow(raws[0]!)!),
      await encoder.frame(raws[1]!),
      Buffer.from(encoder.frameNow(raws[2]!)!),
    ];

    frames.forEach((frame, i) => assert.equal(zstdDecompressSync(frame).equals(raws[i]!), true));
  });
});
