import assert from "node:assert/strict";
import { constants, createGunzip, createZstdDecompress, gzipSync, zstdCompressSync } from "node:zlib";
import { DecompressorNow } from "../../../shared/runtime/decompress-now.ts";

const MOST = 10_000;
const text = (size: number): Buffer => Buffer.from("some text ".repeat(size / 10));

describe("DecompressorNow", () => {
  const ways = [
    ["gzip", createGunzip, gzipSync, constants.Z_FINISH],
    ["zstd", createZstdDecompress, zstdCompressSync, constants.ZSTD_e_end],
  ] as const;
  for (const [name, open, compress, end] of ways) {
    it(`${name}: gives what comes of the pieces, one after the other`, () => {
      const decompressor = new DecompressorNow(open, end, MOST);
      const raw = decompressor.decompress([compress(text(MOST / 2)), compress(""), compress(text(MOST / 2))]);

      assert.equal(text(MOST).equals(raw!), true);
      assert.deepEqual(decompressor.decompress([]), new Uint8Array(0));
    });

    it(`${name}: gives nothing of what is too much or odd, and goes on`, () => {
      const decompressor = new DecompressorNow(open, end, MOST);
      const whole = compress(text(1000));
      const odd = {
        "too much": [compress(text(MOST + 10))],
        "too much together": [compress(text(MOST)), compress(text(10))],
        "cut off": [whole.subarray(0, -5)],
        "cut off, and another one": [whole.subarray(0, -5), whole],
        "zeros behind it": [Buffer.concat([whole, Buffer.alloc(9)])],
        "no such data": [Buffer.from("hello")],
        nothing: [Buffer.alloc(0)],
      };
      for (const [what, pieces] of Object.entries(odd)) {
        assert.equal(decompressor.decompress(pieces), undefined, what);
        assert.equal(text(1000).equals(decompressor.decompress([whole])!), true, what);
      }
    });
  }
});
