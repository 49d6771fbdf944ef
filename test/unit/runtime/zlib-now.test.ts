import assert from "node:assert/strict";
import { constants, createGunzip, createZstdDecompress, gzipSync, zstdCompressSync } from "node:zlib";
import { canWriteNow, writeNow } from "../../../shared/runtime/zlib-now.ts";

const raw = Buffer.from("some text ".repeat(100));

describe("writeNow", () => {
  const streams = [
    ["createGunzip", createGunzip, gzipSync(raw), constants.Z_NO_FLUSH],
    ["createZstdDecompress", createZstdDecompress, zstdCompressSync(raw), constants.ZSTD_e_continue],
  ] as const;
  for (const [name, open, stored, flush] of streams) {
    it(`works with ${name} of this Node (if not, Node's zlib streams have changed: see zlib-now.ts)`, () => {
      const stream = open();
      assert.equal(canWriteNow(stream), true);
      const output = Buffer.alloc(raw.length + 7);

      const first = writeNow(stream, flush, stored, 0, output.subarray(0, 100));
      assert.deepEqual([first?.outputLeft, output.subarray(0, 100).equals(raw.subarray(0, 100))], [0, true]);
      const rest = writeNow(stream, flush, stored, stored.length - first!.inputLeft, output.subarray(100));

      assert.deepEqual(rest, { inputLeft: 0, outputLeft: 7 });
      assert.equal(output.subarray(0, raw.length).equals(raw), true);
      stream.destroy();
      assert.deepEqual([canWriteNow(stream), writeNow(stream, flush, stored, 0, output)], [false, undefined]);
    });

    it(`throws what ${name} fails with`, () => {
      const stream = open().once("error", () => undefined);
      const bad = Buffer.from(stored).fill(0xff, 0, 8);

      assert.throws(() => writeNow(stream, flush, bad, 0, Buffer.alloc(2000)), { name: "Error" });
    });
  }
});
