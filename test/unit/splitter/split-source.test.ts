import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { receiptSchema, type Receipt } from "../../../shared/contracts/receipt.ts";
import { sourceId } from "../../../shared/contracts/keys.ts";
import { createEngine, type SplitEngine } from "../../../services/splitter/engine.ts";
import { event, lines, configOf, lineNumbers, split, splitStored, unzstd } from "./split-helpers.ts";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";

/** What must not depend on chunks, threads, memory or disk. */
function essence(receipt: Receipt, types: ReadonlyMap<string, string>) {
  const shapes = receipt.parts.flatMap((part) => part.types.filter((type) => type.shape));
  return {
    lines: receipt.lines,
    types: new Map(types),
    counts: [...types.keys()].sort().map((type) => [
      type,
      receipt.parts
        .flatMap((part) => part.types)
        .filter((entry) => entry.event_type === type)
        .reduce((sum, entry) => sum + entry.lines, 0),
    ]),
    shapes: shapes.map(({ event_type, shape }) => `${event_type} ${JSON.stringify(shape)}`).sort(),
  };
}

describe("splitSource", () => {
  it("writes one receipt that names every part, each line with its source, number and type in front", async () => {
    const { receipt, types, store } = await split(
      '{"event":"a","x":1}\r\n\n{"event":"b"}\n{"event":"a","x":2}',
    );

    assert.deepEqual(receiptSchema.parse(receipt), receipt);
    const { etag } = (await store.head({ bucket: "local", key: "/logs/a.log" }))!;
    assert.equal(receipt.source.id, sourceId("local", "/logs/a.log", etag));
    assert.equal(receipt.generation, 0);
    assert.deepEqual(receipt.lines, {
      total: 4,
      rows: 3,
      quarantined: 0,
      dropped: 0,
      blank: 1,
      normalised: 0,
    });
    const head = `{"_lr_source":"${receipt.source.id}"`;
    assert.deepEqual(
      [...types],
      [
        [
          "a",
          `${head},"_lr_line":1,"_lr_event_type":"a","event":"a","x":1}\n${head},"_lr_line":4,"_lr_event_type":"a","event":"a","x":2}\n`,
        ],
        ["b", `${head},"_lr_line":3,"_lr_event_type":"b","event":"b"}\n`],
      ],
    );
    const routed = store.keys("routed");
    assert.deepEqual(
      routed,
      [...receipt.parts.map((part) => part.key), `receipts/${receipt.source.id}/0.json`].sort(),
    );
    assert.equal(receipt.parts[0]!.types[0]!.shape!.keys!["x"]!.integer!.count, 2);
  });

  it("writes a receipt for an empty file, compressed or not", async () => {
    for (const bytes of [Buffer.alloc(0), gzipSync(""), zstdCompressSync(""), Buffer.from("\uFEFF")]) {
      const { receipt } = await split(bytes, { key: "/logs/a.gz" });

      assert.equal(receipt.state, "split");
      assert.deepEqual(receipt.lines, {
        total: 0,
        rows: 0,
        quarantined: 0,
        dropped: 0,
        blank: 0,
        normalised: 0,
      });
      assert.deepEqual(receipt.parts, []);
    }
  });

  it("keeps the bytes of bad lines as they are, with reason, line and offset", async () => {
    const latin1 = Buffer.from('{"event":"a","x":"caf\xe9"}', "latin1");
    const bytes = Buffer.concat([
      Buffer.from(event("a", 1)),
      Buffer.from("{oops\r\n"),
      latin1,
      Buffer.from("\n[1]\n"),
    ]);

    const { receipt, quarantined } = await split(bytes);

    assert.equal(receipt.lines.quarantined, 3);
    assert.deepEqual(
      quarantined.map(({ line, offset, reason, raw }) => [
        line,
        offset,
        reason,
        Buffer.from(raw).toString("latin1"),
      ]),
      [
        [2, 20, "invalid_json", "{oops"],
        [3, 27, "invalid_utf8", latin1.toString("latin1")],
        [4, 27 + latin1.length + 1, "not_an_object", "[1]"],
      ],
    );
    assert.deepEqual(receipt.quarantine[0]!.reasons, { invalid_json: 1, invalid_utf8: 1, not_an_object: 1 });
  });

  it("streams a line of 20 MB to quarantine, whole, between its neighbours", async () => {
    const long = Buffer.alloc(20 * 1024 * 1024, "ab");
    const bytes = Buffer.concat([
      Buffer.from(event("a", 1)),
      long,
      Buffer.from("\n"),
      Buffer.from(event("a", 2)),
    ]);

    const { receipt, quarantined, types } = await split(gzipSync(bytes, { level: 1 }));

    assert.deepEqual(receipt.lines, {
      total: 3,
      rows: 2,
      quarantined: 1,
      dropped: 0,
      blank: 0,
      normalised: 0,
    });
    assert.equal(quarantined[0]!.reason, "line_too_long");
    assert.equal(Buffer.from(quarantined[0]!.raw).equals(long), true);
    assert.deepEqual(lineNumbers(types.get("a")!), [1, 3]);
  });

  it("drops and quarantines by route", async () => {
    const { receipt, quarantined, types } = await split(lines(9, 3), {
      config: { routes: [{ match: "t0", drop: true }, { match: "t?", quarantine: true }, { match: "t1" }] },
    });

    assert.deepEqual(receipt.lines, {
      total: 9,
      rows: 0,
      quarantined: 6,
      dropped: 3,
      blank: 0,
      normalised: 0,
    });
    assert.deepEqual(new Set(quarantined.map((line) => line.reason)), new Set(["by_rule"]));
    assert.equal(types.size, 0);
  });

  it("gives later event types to _lr_other in strict line order, with their own _lr_event_type and shape", async () => {
    const { receipt, types } = await split(lines(100, 10) + event("_lr_other", 7), {
      config: { splitter: { max_types_per_source: 3 } },
    });

    assert.deepEqual([...types.keys()].sort(), ["_lr_other", "t0", "t1", "t2"]);
    const other = types.get("_lr_other")!;
    const numbers = lineNumbers(other);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
    assert.equal(numbers.length, 71);
    assert.match(other, /"_lr_event_type":"t9"/);
    const part = receipt.parts.find((entry) => entry.types[0]!.event_type === "_lr_other")!;
    assert.equal(part.types[0]!.shape!.keys!["n"]!.integer!.count, 71);
  });

  describe("gives the same whatever the chunks, threads, memory and disk", () => {
    const engines = new Map<number, SplitEngine>();
    before(() => {
      for (const threads of [1, 2, 3]) {
        engines.set(
          threads,
          // No source is small: what comes out of one that is read whole at once is the same.
          createEngine(configOf({ splitter: { threads, memory_bytes: 1, scratch_bytes: 1 } }), undefined, 0),
        );
      }
    });
    after(async () => {
      for (const engine of engines.values()) await engine[Symbol.asyncDispose]();
    });

    it("for blocks that fill the memory that threads share, and for part lines that do not fit it", async () => {
      const short = Array.from({ length: 60_000 }, (_, i) =>
        i % 997 === 5 ? "{bad\n" : event(`t${i % 3}`, i),
      );
      const long = Array.from({ length: 30 }, (_, i) => `{"event":"long","s":"${`${i}`.repeat(90_000)}"}\n`);
      const text = [...short, ...long, ...short].join("");
      const plain = await split(text, {});

      for (const threads of [2, 3]) {
        const { receipt, types, quarantined } = await split(text, { engine: engines.get(threads)! });

        const { source } = receipt;
        assert.deepEqual(essence(receipt, types), essence({ ...plain.receipt, source }, plain.types));
        assert.deepEqual(quarantined, plain.quarantined);
      }
    });

    it("for random mixtures of lines", async () => {
      const line = fc.oneof(
        {
          weight: 8,
          arbitrary: fc.tuple(fc.nat(30), fc.nat(9)).map(([type, n]) => event(`t${type}`, n).trimEnd()),
        },
        fc
          .tuple(fc.nat(30), fc.nat(20_000))
          .map(([type, n]) => `{"event":"t${type}","s":"${"x".repeat(n)}"}`),
        fc.constantFrom("", "  ", "{bad", "[]", '{"event":"","x":1}', '{"event":"t1","a":1,"a":2}', "\r"),
      );
      const source = fc
        .tuple(fc.array(line, { maxLength: 400, size: "max" }), fc.boolean())
        .map(([all, feed]) => all.join("\n") + (feed ? "\n" : ""));
      await fc.assert(
        fc.asyncProperty(
          source,
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 50, max: 100_000 }),
          fc.constantFrom<"plain" | "gzip" | "zstd">("plain", "gzip", "zstd"),
          fc.constantFrom<"multiple" | "single">("multiple", "single"),
          // How soon an event type gets parts of its own, and how soon young ones share because of their memory.
          fc.constantFrom(0, 1, 300, 5000, 2 ** 20),
          fc.constantFrom(1, 10_000, 2 ** 24),
          async (text, threads, chunkBytes, packed, frames, own_part_bytes, memory_bytes) => {
            const common = { max_types_per_source: 12, keys_per_depth: [4, 2] };
            const bytes =
              packed === "plain"
                ? Buffer.from(text)
                : packed === "gzip"
                  ? gzipSync(text)
                  : zstdCompressSync(text);
            const plain = await split(bytes, { config: { splitter: common } });
            const squeezed = await split(bytes, {
              chunkBytes,
              engine: engines.get(threads)!,
              config: {
                splitter: {
                  ...common,
                  frames,
                  own_part_bytes,
                  memory_bytes,
                  part_bytes: 3000,
                  compression: threads === 3 ? "gzip" : "zstd",
                },
              },
            });

            assert.deepEqual(
              essence(squeezed.receipt, squeezed.types),
              essence({ ...plain.receipt, source: squeezed.receipt.source }, plain.types),
            );
            assert.deepEqual(squeezed.quarantined, plain.quarantined);
          },
        ),
        { numRuns: Number(process.env["FC_RUNS"] ?? 25) },
      );
    });
  });

  it("closes parts at their size, and their lines in order make the whole", async () => {
    // More than may be in work at once: some of it is on scratch disk before all has been read.
    const text = Array.from(
      { length: 130_000 },
      (_, i) => `{"event":"a","r":"${((i * 2654435761) >>> 0).toString(36)}${(i * 48271) % 2147483647}"}\n`,
    ).join("");

    const { receipt, types } = await split(text, {
      config: { splitter: { part_bytes: 5000, memory_bytes: 1, scratch_bytes: 400_000 } },
    });

    assert.ok(receipt.parts.length >= 2, `${receipt.parts.length} parts`);
    assert.deepEqual(
      lineNumbers(types.get("a")!),
      Array.from({ length: 130_000 }, (_, i) => i + 1),
    );
    assert.equal(receipt.parts.filter((part) => part.types[0]!.shape).length, 1);
    assert.ok(receipt.parts[0]!.types[0]!.shape);
  });

  it("writes one frame a part when asked to", async () => {
    const { receipt, store } = await split(lines(20_000, 1), {
      config: { splitter: { frames: "single", memory_bytes: 1 } },
    });

    assert.equal(receipt.parts.length, 1);
    const stored = await store.getBytes({ bucket: "routed", key: receipt.parts[0]!.key });
    const { zstdDecompressSync } = await import("node:zlib");
    assert.equal(zstdDecompressSync(stored).equals(unzstd(stored)), true);
  });

  it("throws OBJECT_GONE for what is not there", async () => {
    await assert.rejects(splitStored(new MemoryObjectStore(), "x"), (error) =>
      isRouterError(error, "OBJECT_GONE"),
    );
  });

  it("reads concatenated objects and records as the configuration says", async () => {
    const concatenated = await split('{"event":"a"}{"event":"b"}[1]', {
      config: { sources: [{ match: "*.log", format: "concatenated" }] },
    });
    const records = await split('{"x":1,"Logs":[{"event":"a"},\n {"event":"b","n":\n[1]},3]}', {
      config: { sources: [{ match: "*.log", format: "records", records: "Logs" }] },
    });

    assert.deepEqual([...concatenated.types.keys()], ["a", "b"]);
    assert.deepEqual(
      concatenated.quarantined.map((line) => [line.line, line.offset, line.reason]),
      [[3, 26, "not_framed"]],
    );
    assert.deepEqual(lineNumbers(records.types.get("b")!), [2]);
    assert.deepEqual(
      records.quarantined.map((line) => [line.line, line.reason]),
      [[3, "not_an_object"]],
    );
  });
});
