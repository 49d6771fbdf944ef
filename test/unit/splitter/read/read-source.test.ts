import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync, constants } from "node:zlib";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { rawWhole } from "../../../../services/splitter/read/read-small.ts";
import type { ObjectRead } from "../../../../shared/ports/object-store.ts";
import {
  CHUNK_BUFFER_BYTES,
  HEADROOM_BYTES,
  readSource,
  wholeReader,
  type SourceBreak,
  type SourceReader,
} from "../../../../services/splitter/read/read-source.ts";

const text = Buffer.from(Array.from({ length: 4000 }, (_, i) => `{"event":"e","n":${i}}\n`).join(""));
const noise = randomBytes(60_000);
const zstd = (raw: Uint8Array): Buffer =>
  zstdCompressSync(raw, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);

/** Buffers that are used again: a chunk that is read too late shows. */
class Memory {
  readonly #free: ArrayBuffer[] = [];

  take(bytes: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(bytes));
  }

  give(buffer: ArrayBuffer): void {
    new Uint8Array(buffer).fill(0x21);
    this.#free.push(buffer);
  }
}
const memory = new Memory();

function object(bytes: Uint8Array, chunkBytes: number): ObjectRead {
  async function* body() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const info = { bucket: "local", key: "k", etag: "e", bytes: bytes.length, lastModified: new Date(0) };
  return { ...info, body: body() };
}

async function read(
  bytes: Uint8Array,
  chunkBytes = 64 * 1024,
): Promise<{ raw: Buffer; broken: SourceBreak | undefined }> {
  const again = () => Promise.resolve(object(bytes, chunkBytes * 3));
  const result = await readAll(await readSource(object(bytes, chunkBytes), again, memory, "pool"), bytes);
  const here = await readAll(await readSource(object(bytes, chunkBytes), again, memory, "here"), bytes);
  assert.deepEqual(here, result);
  const whole = rawWhole(bytes);
  if (whole) {
    const read = await readAll(wholeReader(whole, bytes.length), bytes);
    assert.deepEqual([read.raw, read.broken], [result.raw, result.broken]);
  }
  return result;
}

async function readAll(reader: SourceReader, bytes: Uint8Array) {
  const raw: Uint8Array[] = [];
  for await (const chunk of reader.chunks) raw.push(chunk.slice());
  assert.equal(reader.storedBytes <= bytes.length, true);
  return { raw: Buffer.concat(raw), broken: reader.break };
}

describe("readSource", () => {
  const whole: [string, Buffer, Buffer][] = [
    ["plain text", text, text],
    ["an empty object", Buffer.alloc(0), Buffer.alloc(0)],
    ["one byte of gzip's magic", Buffer.from([0x1f]), Buffer.from([0x1f])],
    ["gzip", gzipSync(text), text],
    ["gzip of nothing", gzipSync(""), Buffer.alloc(0)],
    [
      "several gzip members",
      Buffer.concat([gzipSync(text), gzipSync(""), gzipSync(noise)]),
      Buffer.concat([text, noise]),
    ],
    ["a gzip member with zero padding", Buffer.concat([gzipSync(text), Buffer.alloc(1000)]), text],
    ["zstd", zstd(text), text],
    [
      "several zstd frames",
      Buffer.concat([zstd(text), zstd(Buffer.alloc(0)), zstd(noise)]),
      Buffer.concat([text, noise]),
    ],
    [
      "skippable zstd frames at the start, between and at the end",
      Buffer.concat([skippable, zstd(text), skippable, zstd(noise), skippable]),
      Buffer.concat([text, noise]),
    ],
  ];
  for (const [what, stored, raw] of whole) {
    for (const chunkBytes of [1 << 20, 997, 1]) {
      if (chunkBytes === 1 && stored.length > 3000) continue;
      it(`reads ${what} that comes in chunks of ${chunkBytes} bytes`, async () => {
        const { raw: read_, broken } = await read(stored, chunkBytes);

        assert.equal(broken, undefined);
        assert.equal(read_.equals(raw), true);
      });
    }
  }

  for (const [what, pack] of [
    ["gzip", gzipSync],
    ["zstd", zstd],
  ] as const) {
    it(`says where truncated ${what} breaks, at every 1000th byte, and gives everything before`, async () => {
      const raw = Buffer.concat([noise, text]);
      const stored = pack(raw);
      let last = 0;
      for (let cut = 1000; cut < stored.length; cut += 1000) {
        const { raw: got, broken } = await read(stored.subarray(0, cut), 4096);

        assert.ok(broken, `cut at ${cut}`);
        assert.equal(broken.afterByte, got.length);
        assert.equal(got.equals(raw.subarray(0, got.length)), true);
        assert.ok(got.length >= last);
        last = got.length;
      }
      assert.ok(last > raw.length / 2);
    });

    it(`notices ${what} that ends in the middle of its second member or frame, wherever`, async () => {
      const first = pack(Buffer.from("first\n"));
      const second = pack(Buffer.from("second\n"));
      for (let cut = 1; cut < second.length; cut++) {
        for (const chunkBytes of [1, first.length, 1000]) {
          const { raw, broken } = await read(Buffer.concat([first, second.subarray(0, cut)]), chunkBytes);

          assert.ok(broken, `cut at ${cut} in chunks of ${chunkBytes}`);
          assert.equal(raw.toString().startsWith("first\n"), true);
        }
      }
    });

    it(`finds the same break in corrupt ${what} however it arrives`, async () => {
      const stored = pack(Buffer.concat([noise.subarray(0, 8000), text]));
      await fc.assert(
        fc.asyncProperty(
          fc.nat(stored.length - 20),
          fc.integer({ min: 1, max: 255 }),
          fc.integer({ min: 500, max: 30_000 }),
          fc.integer({ min: 500, max: 30_000 }),
          async (at, flip, chunkA, chunkB) => {
            const bad = Buffer.from(stored);
            bad[at + 10]! ^= flip;

            const a = await read(bad, chunkA);
            const b = await read(bad, chunkB);

            assert.deepEqual(a.broken, b.broken);
            assert.equal(a.raw.equals(b.raw), true);
          },
        ),
        { numRuns: Number(process.env["FC_RUNS"] ?? 5) },
      );
    });
  }

  it("gives all the data before a wrong checksum, and calls the source broken", async () => {
    const bad = gzipSync(text);
    bad[bad.length - 5]! ^= 1;

    const { raw, broken } = await read(bad);

    assert.equal(raw.equals(text), true);
    assert.match(broken?.message ?? "", /corrupt/);
  });

  for (const [what, stored] of [
    ["text after gzip", Buffer.concat([gzipSync(text), Buffer.from("garbage")])],
    ["text after zero padding", Buffer.concat([gzipSync(text), Buffer.alloc(20), Buffer.from("x")])],
    ["a member after zero padding", Buffer.concat([gzipSync(text), Buffer.alloc(20), gzipSync(text)])],
    ["text after zstd", Buffer.concat([zstd(text), Buffer.from("garbage")])],
    ["zeros after zstd", Buffer.concat([zstd(text), Buffer.alloc(9)])],
    ["two bytes after zstd", Buffer.concat([zstd(text), Buffer.from([0x28, 0xb5])])],
  ] as const) {
    for (const chunkBytes of [1 << 20, 7]) {
      it(`calls ${what} corrupt in chunks of ${chunkBytes}`, async () => {
        const { raw, broken } = await read(stored, chunkBytes);

        assert.ok(broken);
        assert.equal(raw.equals(text), true);
      });
    }
  }

  for (const runsIn of ["pool", "here"] as const)
    describe(`(decompression in: ${runsIn})`, () => {
      it("does not fill memory with what nobody has taken yet", async () => {
        const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
        const before = process.memoryUsage().arrayBuffers;
        const reader = await readSource(
          object(bomb, 1 << 20),
          () => Promise.reject(new Error("not needed")),
          memory,
          runsIn,
        );

        let bytes = 0;
        let most = 0;
        for await (const chunk of reader.chunks) {
          bytes += chunk.length;
          most = Math.max(most, process.memoryUsage().arrayBuffers - before);
          if (bytes > 64 * 1024 * 1024) break;
        }

        assert.ok(most < 160 * 1024 * 1024, `${most >> 20} MiB`);
      });

      it("passes errors of the object store on", async () => {
        async function* failing(): AsyncGenerator<Uint8Array> {
          yield gzipSync(text).subarray(0, 100);
          throw new Error("connection reset");
        }
        const broken = { ...object(text, 1), body: failing() };
        const reader = await readSource(broken, () => Promise.reject(new Error("no")), memory, runsIn);

        await assert.rejects(async () => {
          for await (const _ of reader.chunks);
        }, /connection reset/);
        assert.equal(reader.break, undefined);
      });

      it("gives chunks away with room before them, and writes to no such buffer before it is given back", async () => {
        const raw = Buffer.from(
          Array.from({ length: 400_000 }, (_, i) => `{"event":"e","n":${i}}\n`).join(""),
        );
        const reader = await readSource(
          object(gzipSync(raw), 1 << 16),
          () => Promise.reject(new Error("no")),
          memory,
          runsIn,
        );
        const kept: Uint8Array<ArrayBuffer>[] = [];
        const found: Uint8Array[] = [];
        let keptCount = 0;
        for await (const chunk of reader.chunks) {
          if (!reader.keep(chunk)) {
            found.push(chunk.slice());
            continue;
          }
          keptCount++;
          assert.equal(chunk.byteOffset, HEADROOM_BYTES);
          assert.equal(chunk.buffer.byteLength, CHUNK_BUFFER_BYTES);
          new Uint8Array(chunk.buffer, 0, HEADROOM_BYTES).fill(0x20);
          found.push(chunk);
          kept.push(chunk);
          if (kept.length < 4) continue;
          const oldest = kept.shift()!;
          found[found.indexOf(oldest)] = oldest.slice();
          memory.give(oldest.buffer);
        }

        assert.equal(Buffer.concat(found).equals(raw), true);
        assert.ok(keptCount > 3, `${keptCount}`);
      });

      it("keeps no buffer in which other chunks are", async () => {
        const members = Array.from({ length: 300 }, (_, i) => gzipSync(`{"n":${i}}\n`));
        const reader = await readSource(
          object(Buffer.concat(members), 1 << 16),
          () => Promise.reject(new Error("no")),
          memory,
          runsIn,
        );
        const found: Uint8Array[] = [];
        for await (const chunk of reader.chunks) {
          reader.keep(chunk);
          found.push(chunk.slice());
        }

        assert.equal(Buffer.concat(found).toString(), members.map((_, i) => `{"n":${i}}\n`).join(""));
      });
    });
});
