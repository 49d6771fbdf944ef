import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { zstdCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { gatherParts, type GatheredParts } from "../../../../services/loader/gather/gather-parts.ts";
import { MemoryObjectStore } from "../../../../shared/adapters/memory/memory-object-store.ts";
import { RouterError } from "../../../../shared/errors/router-error.ts";
import type { LoadJob, LoadUnit, UnitPart } from "../../../../shared/ports/warehouse.ts";
import { readPartLines } from "../../../../shared/receipts/read-part.ts";
import { loadUnit, partLine, testSource, type TestSource } from "../../../contract/warehouse-parts.ts";

const BUCKET = "routed";
const RUNS = Number(process.env["FC_RUNS"] ?? 40);

type Line = readonly [eventType: string, document: string];

describe("gathering", () => {
  let store: MemoryObjectStore;
  let parts = 0;

  beforeEach(() => {
    store = new MemoryObjectStore();
    parts = 0;
  });

  /** A mixed part of many frames, and its units. */
  async function mixed(
    source: TestSource,
    lines: readonly Line[],
    options: { frameBytes?: number; compression?: "zstd" | "gzip" } = {},
  ): Promise<LoadUnit[]> {
    const { frameBytes = 100, compression = "zstd" } = options;
    const texts = lines.map(([type, document], at) => partLine(source.id, at + 1, type, document));
    const raw = Buffer.from(texts.map((text) => `${text}\n`).join(""));
    const compress = compression === "zstd" ? zstdCompressSync : gzipSync;
    const frames = Array.from({ length: Math.ceil(raw.length / frameBytes) }, (_, at) =>
      compress(raw.subarray(at * frameBytes, (at + 1) * frameBytes)),
    );
    const key = `parts/${++parts}`;
    const { bytes } = await store.put({ bucket: BUCKET, key }, Buffer.concat(frames));
    const counts = Map.groupBy(lines, ([type]) => type);
    return [...counts].map(([type, own]) => {
      const part: UnitPart = { key, bytes, compression, lines: own.length, mixedLines: lines.length };
      return loadUnit(source, type, [part]);
    });
  }

  /** Units of each table, as a job has them. */
  function tables(...units: readonly (readonly LoadUnit[])[]): LoadJob["tables"] {
    return units.map((some, at) => ({
      plan: { table: `t${at}`, mode: "direct", columns: [], catchAll: false, exclude: [], hash: [] },
      units: some,
    }));
  }

  function gather(job: LoadJob["tables"], signal = new AbortController().signal): Promise<GatheredParts> {
    return gatherParts(job, { store, bucket: BUCKET, batchId: "0123456789abcdef", signal });
  }

  /** What is in the objects that the units name, each object once, by source and event type. */
  async function gatheredLines(
    result: GatheredParts,
    units: readonly LoadUnit[],
  ): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    const named = new Map(units.flatMap((unit) => result.partsOf(unit)).map((part) => [part.key, part]));
    for (const part of named.values()) {
      assert.equal(part.gathered, true);
      assert.equal(part.mixedLines, undefined);
      for await (const line of readPartLines(store, BUCKET, part)) {
        const text = line.toString();
        const [, source, type] =
          /^\{"_lr_source":"(\w+)","_lr_line":\d+,"_lr_event_type":("(?:[^"\\]|\\.)*")/.exec(text)!;
        const name = `${source} ${String(JSON.parse(type!))}`;
        found.set(name, [...(found.get(name) ?? []), text]);
      }
    }
    return found;
  }

  const nameOf = (unit: LoadUnit): string => `${unit.sourceId} ${unit.eventType}`;
  const loadKeys = (): string[] => store.keys(BUCKET).filter((key) => key.startsWith("loads/"));

  it("gives each unit its lines, whatever the types are called and however the part is cut", async () => {
    const types = [
      "order",
      "order2",
      "Order",
      "orde",
      'or"der',
      "or\\der",
      "é",
      "\u0001",
      "\ud83d\ude00",
      "__proto__",
      "a\nb",
      "",
    ];
    const line = fc.tuple(
      fc.constantFrom(...types),
      fc.jsonValue().map((value) => JSON.stringify({ v: value })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(line, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom("zstd" as const, "gzip" as const),
        fc.func(fc.integer({ min: 0, max: 2 })),
        async (sources, frameBytes, compression, tableOf) => {
          const units: LoadUnit[] = [];
          const expected = new Map<string, string[]>();
          for (const [at, lines] of sources.entries()) {
            const source = testSource(`/${at}`);
            units.push(...(await mixed(source, lines, { frameBytes, compression })));
            for (const [index, [type, document]] of lines.entries()) {
              const name = `${source.id} ${type}`;
              const text = partLine(source.id, index + 1, type, document);
              expected.set(name, [...(expected.get(name) ?? []), text]);
            }
          }
          // Some are in one of two tables, some in another job.
          const wanted = [0, 1].map((table) => units.filter((unit) => tableOf(unit.eventType) === table));
          const result = await gather(tables(...wanted));

          assert.equal(result.failed.size, 0);
          for (const some of wanted) {
            const found = await gatheredLines(result, some);
            assert.deepEqual([...found.keys()].sort(), some.map(nameOf).sort());
            for (const unit of some) {
              assert.deepEqual(found.get(nameOf(unit)), expected.get(nameOf(unit)));
              const promised = result.partsOf(unit).reduce((sum, part) => sum + part.lines, 0);
              assert.equal(promised, unit.lines);
            }
          }
          const [first = [], second = []] = wanted.map((some) =>
            some.flatMap((unit) => result.partsOf(unit)),
          );
          const keys = new Set(first.map(({ key }) => key));
          assert.ok(
            second.every(({ key }) => !keys.has(key)),
            "no object has lines of two tables",
          );
          await result.remove();
          assert.deepEqual(loadKeys(), []);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("takes lines of four megabytes, and closes objects as they grow", async () => {
    const noise = (): string => randomBytes(2_900_000).toString("base64");
    const lines: Line[] = [
      ["a", '{"n":1}'],
      ["a", JSON.stringify({ s: noise() })],
      ["b", JSON.stringify({ s: noise() })],
      ["a", JSON.stringify({ s: noise() })],
      ["a", '{"n":2}'],
    ];
    const units = await mixed(testSource("/large"), lines, { frameBytes: 1_000_000 });
    const result = await gather(tables(units));

    const found = await gatheredLines(result, units);
    assert.deepEqual(
      found.get(nameOf(units[0]!)),
      [0, 1, 3, 4].map((at) => partLine(testSource("/large").id, at + 1, ...lines[at]!)),
    );
    assert.equal(found.get(nameOf(units[1]!))!.length, 1);
    assert.ok(result.partsOf(units[0]!).length > 1, "several objects");
  });

  it("leaves parts of one type as they are", async () => {
    const source = testSource("/own");
    const [unit] = await mixed(source, [
      ["a", "{}"],
      ["b", "{}"],
    ]);
    const own: UnitPart = { key: "parts/own", bytes: 1, lines: 5, compression: "gzip" };
    const both = loadUnit(source, "a", [...unit!.parts, own]);

    const result = await gather(tables([both]));

    const [gathered, kept] = result.partsOf(both);
    assert.equal(gathered!.lines, 1);
    assert.equal(kept, own);
  });

  it("reads each mixed part once", async () => {
    const units = await mixed(testSource("/once"), [
      ["a", "{}"],
      ["b", "{}"],
      ["c", "{}"],
    ]);
    const read: string[] = [];
    const get = store.getBytes.bind(store);
    store.getBytes = (ref, signal) => {
      read.push(ref.key);
      return get(ref, signal);
    };

    const result = await gather(tables(units.slice(0, 1), units.slice(1)));

    assert.deepEqual(read, ["parts/1"]);
    assert.deepEqual(result.read, { parts: 1, lines: 3 });
  });

  const TWO: readonly Line[] = [
    ["a", '{"n":1}'],
    ["b", '{"n":2}'],
    ["a", '{"n":3}'],
  ];
  const over = (unit: LoadUnit, part: Partial<UnitPart>): LoadUnit => ({
    ...unit,
    parts: unit.parts.map((one) => ({ ...one, ...part })),
  });
  const replaced = (units: readonly LoadUnit[], text: string): Promise<LoadUnit[]> =>
    store
      .put({ bucket: BUCKET, key: units[0]!.parts[0]!.key }, zstdCompressSync(text))
      .then(() => [...units]);
  const head = `{"_lr_source":"${testSource("/damaged").id}"`;
  const damages: [string, (units: LoadUnit[]) => Promise<LoadUnit[]> | LoadUnit[], RegExp][] = [
    [
      "is gone",
      async (units) => {
        await store.delete({ bucket: BUCKET, key: units[0]!.parts[0]!.key });
        return units;
      },
      /no object/,
    ],
    [
      "breaks off",
      async (units) => {
        const ref = { bucket: BUCKET, key: units[0]!.parts[0]!.key };
        await store.put(ref, (await store.getBytes(ref)).subarray(0, 150));
        return units;
      },
      /cannot be decompressed/,
    ],
    [
      "has fewer lines in all",
      (units) => units.map((unit) => over(unit, { mixedLines: 4 })),
      /has 3 lines, not 4/,
    ],
    [
      "has other lines of a type",
      ([a, b]) => [over(a!, { lines: 1 }), over(b!, { lines: 2 })],
      /has 2 lines of "a", not 1/,
    ],
    [
      "has another source's lines",
      (units) => units.map((unit) => ({ ...unit, sourceId: "0".repeat(32) })),
      /line 1 of it/,
    ],
    ["has lines of nobody", (units) => replaced(units, '{"a":1}\n\n'), /line 1 of it has no source/],
    [
      "has a line without a type",
      (units) => replaced(units, `${head},"_lr_line":1,"n":1}\n`),
      /line 1 of it/,
    ],
    [
      "has line 0",
      (units) => replaced(units, `${head},"_lr_line":0,"_lr_event_type":"a"}\n`),
      /line 1 of it/,
    ],
    [
      "has a type that is no JSON",
      (units) => replaced(units, `${head},"_lr_line":1,"_lr_event_type":"\\x"}\n`),
      /line 1 of it/,
    ],
    [
      "has a type without end",
      (units) => replaced(units, `${head},"_lr_line":1,"_lr_event_type":"a\\"\n"}\n`),
      /line 1 of it/,
    ],
    ["has a line without end", (units) => replaced(units, "x".repeat(9_000_000)), /does not end/],
  ];
  for (const [title, damage, message] of damages) {
    it(`fails the units of a part that ${title}, and no others`, async () => {
      const bad = await damage(await mixed(testSource("/damaged"), TWO));
      const good = await mixed(testSource("/good"), TWO);

      const result = await gather(tables([bad[0]!, good[0]!], [bad[1]!, good[1]!]));

      assert.deepEqual([...result.failed.keys()], bad);
      for (const error of result.failed.values()) assert.match(error.message, message);
      const found = await gatheredLines(result, good);
      assert.deepEqual(
        [...found].map(([name, lines]) => [name, lines.length]),
        [
          [nameOf(good[0]!), 2],
          [nameOf(good[1]!), 1],
        ],
      );
      assert.equal(loadKeys().length, 2);
    });
  }

  it("throws what may pass, and leaves nothing", async () => {
    const units = [...(await mixed(testSource("/1"), TWO)), ...(await mixed(testSource("/2"), TWO))];
    const get = store.getBytes.bind(store);
    store.getBytes = async (ref, signal) => {
      if (ref.key === "parts/2")
        throw new RouterError("OBJECT_STORE_FAILED", "slow down", { retryable: true });
      return await get(ref, signal);
    };

    await assert.rejects(gather(tables(units)), { message: "slow down" });
    assert.deepEqual(loadKeys(), []);
  });

  it("throws when an object cannot be put", async () => {
    const units = await mixed(testSource("/1"), TWO);
    store.put = async () => {
      throw new RouterError("OBJECT_STORE_FAILED", "full", { retryable: true });
    };

    await assert.rejects(gather(tables(units)), { message: "full" });
  });

  it("ends with the signal", async () => {
    const units = await mixed(testSource("/1"), TWO);
    const controller = new AbortController();
    const get = store.getBytes.bind(store);
    store.getBytes = async (ref, signal) => {
      const bytes = await get(ref, signal);
      controller.abort(new Error("stop"));
      return bytes;
    };

    await assert.rejects(gather(tables(units), controller.signal), { message: "stop" });
    assert.deepEqual(loadKeys(), []);
  });
});
