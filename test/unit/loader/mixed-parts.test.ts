import assert from "node:assert/strict";
import type { LoadJob, LoadResult, Warehouse } from "../../../shared/ports/warehouse.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { readQuarantine } from "../../../shared/contracts/quarantine.ts";
import { BUCKET, harness, linesOf, numbered, stateOf, storedLines, type Harness } from "./harness.ts";

/** The harness's warehouse, each load's job told first. */
function withLoad(
  h: Harness,
  load: (job: LoadJob, next: () => Promise<LoadResult>) => Promise<LoadResult>,
): Warehouse {
  return new Proxy(h.counted, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property !== "load") return value;
      return (job: LoadJob, signal?: AbortSignal) => load(job, () => target.load(job, signal));
    },
  });
}

const partsOf = (job: LoadJob) => job.tables.flatMap(({ units }) => units.flatMap(({ parts }) => parts));
const loadObjects = (h: Harness): string[] => h.store.keys(BUCKET).filter((key) => key.startsWith("loads/"));

/** Small sources of five types in two mixed parts and one of a single type. */
const TYPES = { a: numbered(3), b: numbered(2), A: numbered(1), 'b"': numbered(2), c: numbered(4) };

describe("mixed parts", () => {
  it("are loaded exactly, gathered, each read once for a load; nothing is left", async () => {
    const h = harness();
    const sources = [];
    for (let n = 0; n < 20; n++) sources.push(await h.put({ key: `/${n}`, types: TYPES, typesPerPart: 2 }));
    await h.announce(...sources);
    const jobs: LoadJob[] = [];
    const warehouse = withLoad(h, async (job, next) => {
      jobs.push(job);
      return await next();
    });
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), sources.flatMap(linesOf).sort());
    for (const source of sources) assert.equal(stateOf(h.warehouse, source), "loaded");
    assert.equal(jobs.length, 1, "units of one receipt are due together");
    const parts = partsOf(jobs[0]!);
    assert.ok(parts.every(({ mixedLines }) => mixedLines === undefined));
    // Five tables: four of gathered lines in one object each, one of parts of their own.
    assert.equal(new Set(parts.map(({ key }) => key)).size, 4 + 20);
    assert.equal(h.metrics.counter("loader_mixed_parts_read_total"), 40);
    assert.deepEqual(loadObjects(h), []);
  });

  it("are not gathered again because the catalog has changed, and are when a unit is loaded by then", async () => {
    const h = harness();
    const [one, two] = [
      await h.put({ key: "/1", types: TYPES, typesPerPart: 5 }),
      await h.put({ key: "/2", types: TYPES, typesPerPart: 5 }),
    ];
    await h.announce(one, two);
    const read: number[] = [];
    let isLoaded = false;
    const warehouse = withLoad(h, async (job, next) => {
      read.push(h.metrics.counter("loader_mixed_parts_read_total"));
      if (read.length === 1) return { kind: "stale" };
      if (read.length === 2) {
        // Somebody else has loaded a unit of one of them.
        const [table] = job.tables;
        const tables = [{ plan: table!.plan, units: table!.units.slice(0, 1) }];
        const units = await h.warehouse.load({ ...job, tables });
        isLoaded = units.kind === "loaded";
      }
      return await next();
    });
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);

    assert.ok(isLoaded);
    assert.deepEqual(read, [2, 2, 4]);
    assert.deepEqual(storedLines(h.warehouse), [one, two].flatMap(linesOf).sort());
    assert.deepEqual(loadObjects(h), []);
  });

  it("that are damaged hold back the units of their source alone", async () => {
    const h = harness();
    const [good, bad] = [
      await h.put({ key: "/good", types: TYPES, typesPerPart: 2 }),
      await h.put({ key: "/bad", types: TYPES, typesPerPart: 2 }),
    ];
    const [damaged] = bad.receipt.parts;
    const ref = { bucket: BUCKET, key: damaged!.key };
    await h.store.put(ref, (await h.store.getBytes(ref)).subarray(0, damaged!.bytes - 5));
    await h.announce(good, bad);
    await using loader = h.loader();

    await loader.start();
    await h.until(
      "the source to be given up for now",
      async () => (await h.queue.depth()).inFlight === 0,
      60,
    );

    const lost = new Set(damaged!.types.map(({ event_type: type }) => type));
    const expected = [...linesOf(good), ...linesOf(bad).filter((line) => !lost.has(line.split(" ")[2]!))];
    assert.deepEqual(storedLines(h.warehouse), expected.sort());
    assert.equal(stateOf(h.warehouse, good), "loaded");
    const pending = await h.warehouse.pending({ limit: 10 });
    assert.deepEqual(pending.map(({ eventType }) => eventType).sort(), ["", ...lost].sort());
    assert.match(pending.find(({ eventType }) => eventType !== "")!.lastError, /cannot be decompressed/);
    // And later ones of the same types.
    const later = await h.put({ key: "/later", types: TYPES, typesPerPart: 5 });
    await h.announce(later);
    await h.until("a later source", () => stateOf(h.warehouse, later) === "loaded", 30);
  });

  it("are waited for when the store fails for a while", async () => {
    const h = harness();
    const source = await h.put({ key: "/1", types: TYPES, typesPerPart: 5 });
    await h.announce(source);
    let failures = 0;
    const store = new Proxy(h.countedStore, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          const [ref] = args;
          const isPart = property === "getBytes" && JSON.stringify(ref).includes("parts/");
          if (isPart && ++failures < 9)
            throw new RouterError("OBJECT_STORE_FAILED", "slow down", { retryable: true });
          return Reflect.apply(value, target, args);
        };
      },
    });
    await using loader = h.loader({ store });

    await loader.start();
    await h.untilDone(loader);

    assert.ok(failures >= 9);
    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
  });

  it("leave their gathered objects where a load's end is unknown", async () => {
    const h = harness();
    const source = await h.put({ key: "/1", types: TYPES, typesPerPart: 5 });
    await h.announce(source);
    const warehouse = withLoad(h, async (_, next) => {
      await next();
      throw new RouterError("WAREHOUSE_FAILED", "connection lost", { retryable: true });
    });
    await using loader = h.loader({ warehouse });

    await loader.start();
    await h.untilDone(loader);

    assert.deepEqual(storedLines(h.warehouse), linesOf(source));
    assert.equal(loadObjects(h).length, 5);
    // As `gc` knows them.
    for (const key of loadObjects(h)) assert.match(key, /^loads\/[^/]+\/[0-9a-f]{16}\/\d{6}\.ndjson\.zst$/);
  });

  for (const namesRefusedLines of [true, false]) {
    const how = namesRefusedLines ? "as the warehouse names them" : "by halving";
    it(`give refused lines to quarantine, found ${how}, and load their neighbours`, async () => {
      const refuse = (line: string): string | undefined =>
        /"_lr_event_type":"b".*"n":1\b/.test(line) ? "no such value" : undefined;
      const h = harness({ warehouse: { refuse, namesRefusedLines } });
      const sources = [1, 2].map((n) => h.put({ key: `/${n}`, types: TYPES, typesPerPart: 5 }));
      const [one, two] = await Promise.all(sources);
      await h.announce(one!, two!);
      await using loader = h.loader();

      await loader.start();
      await h.untilDone(loader);

      const refused = [one!, two!].map(({ id }) => `${id} 5 b`);
      const all = [one!, two!].flatMap(linesOf);
      assert.deepEqual(storedLines(h.warehouse), all.filter((line) => !refused.includes(line)).sort());
      const keys = h.store.keys(BUCKET).filter((key) => key.startsWith("quarantine/"));
      assert.equal(keys.length, 2);
      for (const key of keys) {
        const { body } = await h.store.get({ bucket: BUCKET, key });
        const [line, ...more] = await Array.fromAsync(readQuarantine(body));
        assert.deepEqual([line!.line, Buffer.from(line!.raw).toString(), more], [5, '{"n":1}', []]);
      }
      assert.deepEqual(loadObjects(h), []);
    });
  }
});
