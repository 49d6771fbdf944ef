import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { createCompressor, type FrameThreads } from "../../../../services/splitter/parts/compressor.ts";
import { FULL_FRAME_BYTES, FrameCompressor } from "../../../../services/splitter/parts/frame-compressor.ts";
import { createScanPool } from "../../../../services/splitter/threads/scan-pool.ts";
import { sharedBuffer } from "../../../../services/splitter/threads/shared-buffer.ts";

const NO_THREADS: FrameThreads = { compress: () => undefined };

const text = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `{"event":"e","n":${i}}\n`).join(""));

/** What is to be compressed, in memory that threads share. */
function shared(bytes: Uint8Array): Uint8Array {
  const raw = new Uint8Array(sharedBuffer(FULL_FRAME_BYTES), 0, bytes.length);
  raw.set(bytes);
  return raw;
}

describe("createCompressor", () => {
  const contents: [string, Buffer][] = [
    ["text", text],
    ["noise, which becomes no smaller", randomBytes(900_000)],
    ["one byte", Buffer.from("x")],
    ["more than a full frame", Buffer.concat([text, text, text])],
  ];
  for (const [what, content] of contents) {
    it(`makes frames of ${what}, of every codec and level`, async () => {
      for (const level of [1, 3, 6]) {
        const compressor = createCompressor(level, 2, NO_THREADS);
        const raw = content.length <= FULL_FRAME_BYTES ? shared(content) : Buffer.from(content);
        const frame = await compressor.compress(raw, "zstd", (bytes) => Buffer.from(bytes));
        assert.equal(zstdDecompressSync(frame).equals(content), true);

        const member = await compressor.compress(content, "gzip", (bytes) => Buffer.from(bytes));
        assert.equal(gunzipSync(member).equals(content), true);
      }
    });
  }

  it("keeps frames that are made at the same time apart", async () => {
    for (const threads of [1, 2]) {
      await using scanners = createScanPool(threads);
      scanners.expect(Infinity);
      const compressor = createCompressor(1, 2, scanners);
      const contents = Array.from({ length: 20 }, (_, i) => Buffer.concat([Buffer.from(`${i}\n`), text]));

      const frames = await Promise.all(
        contents.map((content) =>
          compressor.compress(shared(content), "zstd", async (bytes) => {
            // Others are made before this one is used.
            await new Promise(setImmediate);
            return Buffer.from(bytes);
          }),
        ),
      );

      frames.forEach((frame, i) => assert.equal(zstdDecompressSync(frame).equals(contents[i]!), true));
    }
  });

  it("gives frames to the threads that have time, and makes the rest itself", async () => {
    const given: Uint8Array[] = [];
    const elsewhere = Promise.withResolvers<Uint8Array | undefined>();
    const compressor = createCompressor(1, 2, {
      compress: (raw) => (given.push(raw) === 1 ? elsewhere.promise : undefined),
    });

    const first = compressor.compress(shared(text), "zstd", (bytes) => Buffer.from(bytes));
    const second = compressor.compress(shared(text), "zstd", (bytes) => Buffer.from(bytes));
    assert.equal(zstdDecompressSync(await second).equals(text), true);
    elsewhere.resolve(Buffer.from("made elsewhere"));

    assert.equal((await first).toString(), "made elsewhere");
    assert.equal(given.length, 2);
  });

  it("leaves to the zlib pool what takes long, and what cannot be made in place", async () => {
    const asked: number[] = [];
    const threads: FrameThreads = {
      compress: (raw) => {
        asked.push(raw.length);
        return Promise.resolve(undefined);
      },
    };
    const use = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

    const slow = await createCompressor(6, 2, threads).compress(shared(text), "zstd", use);
    assert.deepEqual(asked, []);
    const refused = await createCompressor(1, 2, threads).compress(shared(text), "zstd", use);
    assert.deepEqual(asked, [text.length]);

    for (const frame of [slow, refused]) assert.equal(zstdDecompressSync(frame).equals(text), true);
  });
});

describe("frames in the scanners' threads", () => {
  it("are made in place, or come by themselves when they became no smaller", async () => {
    await using scanners = createScanPool(2);
    scanners.expect(Infinity);
    for (const content of [text, randomBytes(900_000)]) {
      const raw = shared(content);

      const frame = await scanners.compress(raw, 1);

      assert.equal(frame!.buffer === raw.buffer, content === text);
      assert.equal(zstdDecompressSync(frame!).equals(content), true);
    }
  });

  it("are not taken when the thread has enough to do, or the memory is not shared, or there is no thread", async () => {
    await using scanners = createScanPool(2);
    await using none = createScanPool(1);
    assert.equal(scanners.compress(shared(text), 1), undefined);
    scanners.expect(Infinity);
    assert.equal(scanners.compress(Buffer.from(text), 1), undefined);
    assert.equal(none.compress(shared(text), 1), undefined);

    const taken = Array.from({ length: 10 }, () => scanners.compress(shared(text), 1));

    assert.equal(taken.filter((frame) => frame !== undefined).length, 4);
    await Promise.all(taken.filter((frame) => frame !== undefined));
    assert.notEqual(await scanners.compress(shared(text), 1), undefined);
  });
});

describe("frames that wait for one before them", () => {
  it("do not keep it from the pool, when a thread could not make it after all", async () => {
    const first = Promise.withResolvers<void>();
    const refused = Promise.withResolvers<undefined>();
    const compressor = createCompressor(1, 2, { compress: () => refused.promise });
    const large = Buffer.alloc(2 * FULL_FRAME_BYTES, "x");
    const made = [compressor.compress(Buffer.from(text), "zstd", async () => first.resolve())];
    for (let i = 0; i < 3; i++) made.push(compressor.compress(large, "zstd", () => first.promise));

    refused.resolve(undefined);

    await Promise.all(made);
  });
});

describe("FrameCompressor", () => {
  it("makes frames in the calling thread (if not, Node's zlib streams have changed: see zlib-now.ts)", () => {
    assert.equal(typeof new FrameCompressor().compress(Buffer.from(text), 1), "number");
    assert.equal(new FrameCompressor().compress(Buffer.alloc(2 * FULL_FRAME_BYTES), 1), undefined);
  });
});
