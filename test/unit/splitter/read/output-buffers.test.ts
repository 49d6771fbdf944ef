import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Transform } from "node:stream";
import {
  constants,
  createGunzip,
  createZstdCompress,
  createZstdDecompress,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { OutputBuffers } from "../../../../services/splitter/read/output-buffers.ts";

const CHUNK = 64 * 1024;
const raw = randomBytes(3000);

/** What the stream puts out for one write. */
async function output(stream: Transform, input: Uint8Array): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  const take = (chunk: Uint8Array): void => void chunks.push(chunk);
  stream.on("data", take);
  await new Promise<void>((resolve, reject) => {
    stream.write(input, (error) => (error ? reject(error) : resolve()));
  });
  stream.off("data", take);
  return chunks;
}

describe("OutputBuffers", () => {
  const streams: [string, () => Transform, Uint8Array, (out: Uint8Array) => Uint8Array][] = [
    ["createGunzip", () => createGunzip({ chunkSize: CHUNK }), gzipSync(raw), (out) => out],
    [
      "createZstdDecompress",
      () => createZstdDecompress({ chunkSize: CHUNK }),
      zstdCompressSync(raw),
      (out) => out,
    ],
    [
      "createZstdCompress",
      () => createZstdCompress({ chunkSize: CHUNK, flush: constants.ZSTD_e_end }),
      raw,
      (out) => zstdDecompressSync(out),
    ],
  ];
  for (const [name, open, input, decode] of streams) {
    it(`is where ${name} of this Node writes (if not, Node's zlib streams have changed: see output-buffers.ts)`, async () => {
      const buffers = new OutputBuffers(CHUNK, 1);
      const stream = open();

      const memory = new Set<ArrayBufferLike>();
      for (let write = 0; write < 3; write++) {
        buffers.aim(stream);
        const [chunk] = await output(stream, input);
        assert.deepEqual(Buffer.from(decode(chunk!)), raw);
        assert.equal(chunk!.byteOffset, 0);
        memory.add(chunk!.buffer);
      }

      assert.equal(memory.size, 1, "Node allocated output buffers of its own");
      stream.destroy();
    });
  }

  it("leaves chunks alone that somebody reads, and goes on without buffers when all are held", async () => {
    const buffers = new OutputBuffers(CHUNK, 2);
    const stream = createZstdDecompress({ chunkSize: CHUNK });
    const inputs = Array.from({ length: 200 }, () => randomBytes(3000));
    const held: Uint8Array[] = [];
    for (const input of inputs) {
      buffers.aim(stream);
      for (const chunk of await output(stream, zstdCompressSync(input))) {
        buffers.hold(chunk);
        held.push(chunk);
      }
    }

    assert.equal(Buffer.concat(held).equals(Buffer.concat(inputs)), true);
    stream.destroy();
  });

  it("uses a buffer again once all chunks in it are released", async () => {
    const buffers = new OutputBuffers(CHUNK, 1);
    const stream = createZstdDecompress({ chunkSize: CHUNK });
    const stored = zstdCompressSync(raw);
    const next = async (): Promise<Uint8Array> => {
      buffers.aim(stream);
      const [chunk] = await output(stream, stored);
      buffers.hold(chunk!);
      return chunk!;
    };
    const first = await next();
    const second = await next();

    buffers.release(first);
    const third = await next();
    buffers.release(second);
    buffers.release(third);
    const fourth = await next();

    assert.deepEqual(
      [second, third, fourth].map((chunk) => chunk.byteOffset),
      [3000, 6000, 0],
    );
    assert.equal(fourth.buffer, first.buffer);
    stream.destroy();
  });
});
