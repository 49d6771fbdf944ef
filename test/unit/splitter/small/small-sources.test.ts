// Small sources: in a thread, by the calling one, and as large ones are read, with the same objects byte for byte.
import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { MemoryObjectStore } from "../../../../shared/adapters/memory/memory-object-store.ts";
import { isRouterError } from "../../../../shared/errors/router-error.ts";
import type { ObjectRef, PutOptions, PutResult } from "../../../../shared/ports/object-store.ts";
import { sourceSettings } from "../../../../shared/config/source-settings.ts";
import { createEngine, type SplitEngine } from "../../../../services/splitter/engine.ts";
import { giveSegmentBuffer, takeSegmentBuffer } from "../../../../services/splitter/scan/segment-buffers.ts";
import { SmallSplitter } from "../../../../services/splitter/small/split-small.ts";
import { startThreadEarly } from "../../../../services/splitter/threads/early-thread.ts";
import { configOf, split, splitStored, type SplitOptions } from "../split-helpers.ts";

type Way = "in a thread" | "by the calling thread" | "as a large one";

const KEY = "/logs/a.log";

/** All objects of the routed bucket, without what is random or tells the time. */
async function objectsOf(bytes: Uint8Array, options: SplitOptions): Promise<ReadonlyMap<string, string>> {
  const { store, receipt } = await split(bytes, { ...options, key: KEY });
  const objects = new Map<string, string>();
  for (const key of store.keys("routed")) {
    const body = Buffer.from(await store.getBytes({ bucket: "routed", key })).toString("latin1");
    const plain = (text: string): string =>
      text
        .replaceAll(receipt.attempt, "ATTEMPT")
        .replaceAll(receipt.split_at, "TIME")
        .replaceAll(receipt.source.last_modified, "TIME");
    objects.set(plain(key), plain(body));
  }
  return objects;
}

/** One whose thread need not become worth it first. */
function engineWithThread(): SplitEngine {
  startThreadEarly();
  return createEngine(configOf({ splitter: { threads: 2 } }));
}

describe("small sources", () => {
  const engines = new Map<Way, SplitEngine>();
  before(() => {
    engines.set("in a thread", engineWithThread());
    engines.set("by the calling thread", createEngine(configOf({ splitter: { threads: 1 } })));
    engines.set("as a large one", createEngine(configOf({ splitter: { threads: 1 } }), undefined, 0));
  });
  after(async () => {
    for (const engine of engines.values()) await engine[Symbol.asyncDispose]();
  });

  /** Fails unless the source comes out the same in every way; gives what came out. */
  async function same(bytes: Uint8Array, config = {}, salvage = false): Promise<ReadonlyMap<string, string>> {
    const [first, ...others] = await Promise.all(
      Array.from(engines.values(), (engine) => objectsOf(bytes, { engine, config, salvage })),
    );
    for (const other of others) assert.deepEqual(other, first);
    return first!;
  }

  const lines = (count: number, types: number): string =>
    Array.from(
      { length: count },
      (_, i) => `{"event":"t${i % types}","n":${i},"k${i % 7}":{"é":"${i}"}}\n`,
    ).join("");
  const cut = gzipSync(lines(3000, 3)).subarray(0, 9_000);
  const flipped = Buffer.from(gzipSync(lines(3000, 3)));
  flipped[5_000]! ^= 0xff;
  const much = Buffer.from(gzipSync(lines(300, 3)));
  much.writeUInt32LE(0xffffffff, much.length - 4);

  const sources: Record<string, readonly [bytes: Uint8Array, config?: Record<string, unknown>]> = {
    "plain lines": [Buffer.from(lines(300, 12))],
    gzip: [gzipSync(lines(300, 12))],
    zstd: [zstdCompressSync(lines(300, 12))],
    "several members": [Buffer.concat([gzipSync(lines(30, 2)), gzipSync(lines(30, 3))])],
    "zeros after the end": [Buffer.concat([gzipSync(lines(30, 2)), Buffer.alloc(100)])],
    "anything after the end": [Buffer.concat([gzipSync(lines(30, 2)), Buffer.from("hello")])],
    "compressed twice": [gzipSync(gzipSync(lines(30, 2)))],
    "a megabyte and more": [gzipSync(lines(40_000, 3))],
    "hundreds of kilobytes": [gzipSync(lines(9_000, 3))],
    "hundreds of kilobytes, zstd": [zstdCompressSync(lines(9_000, 60))],
    "part lines of more than a frame": [gzipSync(lines(14_000, 3))],
    "as many stored bytes as a small source has": [Buffer.from(lines(5_000, 3)).subarray(0, 128 * 1024)],
    "a length that is wrong": [much],
    nothing: [Buffer.alloc(0)],
    "nothing, compressed": [gzipSync("")],
    "a byte order mark": [Buffer.from(`\uFEFF${lines(3, 1)}`)],
    "bad lines": [
      gzipSync(`${lines(20, 3)}{bad\n[1]\n\n{"event":"a","a":1,"a":2}\n${"x".repeat(300_000)}\n`),
    ],
    "cut off": [cut],
    "a wrong byte": [flipped],
    "more event types than have parts of their own": [
      Buffer.from(lines(900, 60)),
      { splitter: { max_types_per_source: 20 } },
    ],
    "a part for each event type, gzip": [
      Buffer.from(lines(900, 5)),
      { splitter: { own_part_bytes: 0, compression: "gzip", frames: "single" } },
    ],
    "lines dropped and quarantined by rule": [
      Buffer.from(lines(90, 3)),
      {
        routes: [
          { match: "t0", drop: true },
          { match: "t1", quarantine: true },
        ],
      },
    ],
    "lines of text": [
      Buffer.from('1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 23\nno line\n'),
      { sources: [{ match: "*.log", format: "text", pattern: "combined" }] },
    ],
    "wrapped records": [
      gzipSync('{"Records":[{"event":"a"},{"event":"b",\n"x":1}]}'),
      { sources: [{ match: "*.log", format: "records", records: "Records" }] },
    ],
    "objects one after another": [
      gzipSync('{"event":"a"}{"event":"b"}\n{"event":"a","torn":{"event":"c"}'),
      { sources: [{ match: "*.log", format: "concatenated" }] },
    ],
  };
  for (const [what, [bytes, config]] of Object.entries(sources)) {
    it(`come out the same in every way: ${what}`, async () => {
      await same(bytes, config);
    });
  }

  it("are a thread's work when they are plainly right, and are given back when not", async () => {
    const { scanners } = engines.get("in a thread")!;
    const config = configOf();
    const source = { sourceId: "0".repeat(32), attempt: "0123456789abcdef" };
    const splitNext = (stored: Uint8Array) =>
      scanners.splitSmall({ ...source, stored: new Uint8Array(stored) }, config, sourceSettings(config, KEY));

    const right = (await splitNext(gzipSync(lines(300, 12))))!;

    assert.deepEqual([right.lines.rows, right.written.length, right.types], [300, 1, 12]);
    assert.equal(right.written[0]!.bytes, right.partsAt);
    assert.equal(await splitNext(cut), undefined);
    assert.equal(await splitNext(flipped), undefined);
  });

  describe("of the usual kind", () => {
    const config = configOf();
    const plainly = (sourceId: string, text: string) =>
      splitter.splitPlain({
        sourceId,
        attempt: "0123456789abcdef",
        stored: new Uint8Array(Buffer.from(text)),
      });
    let splitter: SmallSplitter;
    beforeEach(() => (splitter = new SmallSplitter(config, sourceSettings(config, KEY))));

    it("are known again after one of short lines, which grow to more than a frame", () => {
      const long = `{"event":"a","text":"${"x".repeat(900)}"}\n`.repeat(250);
      assert.equal(plainly("1".repeat(32), long)?.lines.rows, 250);
      assert.equal(plainly("2".repeat(32), '{"event":"a"}\n'.repeat(300))?.lines.rows, 300);

      const taken = Array.from({ length: 4 }, () => plainly("3".repeat(32), long) !== undefined);

      assert.deepEqual(taken, [false, true, true, true]);
    });

    it("are looked for less often the more of another kind there are, and always after one", () => {
      const good = lines(20, 2);
      const taken = Array.from({ length: 12 }, (_, i) =>
        plainly("1".repeat(32), i < 4 ? `${good}bad\n` : good),
      );

      // Looked at: 0, 2, 6 and all from then on.
      assert.deepEqual(
        taken.map((split) => split !== undefined),
        Array.from({ length: 12 }, (_, i) => i >= 6),
      );
    });

    it("leave the memory of their lines to the next, as do those of another kind", () => {
      for (const [digit, end] of [
        ["4", ""],
        ["5", "bad\n"],
      ] as const) {
        const sourceId = digit.repeat(32);
        plainly(sourceId, lines(300, 3) + end);

        const next = takeSegmentBuffer(1);

        assert.equal(Buffer.from(next.buffer).includes(sourceId), true);
        giveSegmentBuffer(next.buffer);
      }
    });
  });

  it("are left to the calling thread when much waits for the other one", async () => {
    await using engine = engineWithThread();
    const config = configOf();
    const stored = Buffer.from(lines(4_000, 3)).subarray(0, 100_000);
    const splittings: unknown[] = [];
    for (let i = 0; i < 10; i++) {
      const source = {
        sourceId: "0".repeat(32),
        attempt: "0123456789abcdef",
        stored: new Uint8Array(stored),
      };
      splittings.push(engine.scanners.splitSmall(source, config, sourceSettings(config, KEY)));
    }

    assert.deepEqual(
      splittings.map((splitting) => splitting !== undefined),
      Array.from({ length: 10 }, (_, i) => i < 6),
    );
    await Promise.all(splittings);
  });

  it("are left to the calling thread until there are enough for another one", async () => {
    await using engine = createEngine(configOf({ splitter: { threads: 2 } }));
    const config = configOf();
    const splitNext = () => {
      const source = {
        sourceId: "0".repeat(32),
        attempt: "0123456789abcdef",
        stored: new Uint8Array(gzipSync("{}")),
      };
      return engine.scanners.splitSmall(source, config, sourceSettings(config, KEY));
    };
    let here = 0;
    let splitting = splitNext();
    for (; !splitting; splitting = splitNext()) here++;

    assert.equal(here, 64);
    assert.equal((await splitting)!.lines.total, 1);
  });

  it("come out the same in every way when what is left of a broken one is wanted", async () => {
    for (const bytes of [cut, flipped]) {
      const objects = await same(bytes, {}, true);
      assert.ok([...objects.keys()].some((key) => key.startsWith("parts/")));
    }
  });

  it("come out the same in every way, one after the other, whatever is in them", async () => {
    const line = fc.oneof(
      fc
        .record({
          type: fc.nat(14),
          keys: fc.uniqueArray(fc.nat(12), { maxLength: 6 }),
          value: fc.jsonValue(),
        })
        .map(({ type, keys, value }) => {
          const members = keys.map((key) => `,"${key}":${JSON.stringify(value)}`).join("");
          return `{"event":"t${type}"${members}}`;
        }),
      fc.constantFrom("", "{bad", '{"event":"","x":1}', '{"event":"t1","a":1,"a":2}', "\r"),
    );
    const source = fc.array(line, { maxLength: 60 }).map((all) => Buffer.from(all.join("\n")));
    await fc.assert(
      fc.asyncProperty(
        source,
        fc.boolean(),
        fc.constantFrom(3, 12),
        async (bytes, isPacked, max_types_per_source) => {
          const config = { splitter: { max_types_per_source, keys_per_depth: [4, 2] } };
          await same(isPacked ? gzipSync(bytes) : bytes, config);
        },
      ),
      { numRuns: Number(process.env["FC_RUNS"] ?? 60) },
    );
  });

  it("fails, to be tried again, when a part cannot be put, and leaves no receipt", async () => {
    class FullStore extends MemoryObjectStore {
      override put(
        ref: ObjectRef,
        body: Uint8Array | AsyncIterable<Uint8Array>,
        options?: PutOptions,
      ): Promise<PutResult> {
        if (ref.key.startsWith("parts/")) return Promise.reject(new Error("disk full"));
        return super.put(ref, body, options);
      }
    }
    for (const engine of engines.values()) {
      const store = new FullStore();
      await store.put({ bucket: "local", key: KEY }, Buffer.from(lines(10, 2)));

      await assert.rejects(splitStored(store, KEY, { engine }), /disk full/);
      assert.deepEqual(store.keys("routed"), []);
    }
  });

  it("that a thread was working on fail, to be tried again, when the thread ends", async () => {
    await using engine = engineWithThread();
    const splitting = split(gzipSync(lines(3000, 3)), { engine });
    const failing = assert.rejects(splitting, (error) => isRouterError(error, "INTERNAL") && error.retryable);
    await engine[Symbol.asyncDispose]();
    await failing;
  });

  it("are announced, and wait for memory by what they expand to, when they are not of the usual kind", async () => {
    const weights: number[] = [];
    let odd = 0;
    await using engine = createEngine(configOf({ splitter: { threads: 1 } }));
    const { smallMemory } = engine;
    const watched: SplitEngine = {
      ...engine,
      sawOddSource: () => odd++,
      smallMemory: Object.assign(Object.create(smallMemory), {
        run: <T>(weight: number, work: () => Promise<T>) => {
          weights.push(weight);
          return smallMemory.run(weight, work);
        },
      }),
    };
    const usual = '{"event":"t","n":1}\n';
    const sources = [usual, `${usual}nope\n`, usual.repeat(12_000), usual.repeat(60_000)];

    for (const raw of sources) await split(gzipSync(raw), { engine: watched, key: KEY });

    assert.equal(odd, 3);
    assert.deepEqual(weights, [8 * sources[1]!.length, 8 * sources[2]!.length, 8 * 1024 * 1024]);
  });
});
