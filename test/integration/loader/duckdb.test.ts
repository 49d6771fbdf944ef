// The loader over folder, SQLite and DuckDB, in real time: what the fakes promise, held against the real ones.
import assert from "node:assert/strict";
import type { Adapters } from "../../../cli/compose/adapters.ts";
import { openEmbedded } from "../../../cli/compose/open-embedded.ts";
import { dataFolder } from "../../../cli/compose/data-folder.ts";
import { createLoader, type Loader } from "../../../services/loader/create-loader.ts";
import { MemoryMetrics } from "../../../shared/adapters/memory/memory-metrics.ts";
import { configSchema, type Config } from "../../../shared/config/schema.ts";
import { readQuarantine } from "../../../shared/contracts/quarantine.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { LoadJob, Warehouse } from "../../../shared/ports/warehouse.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { BUCKET, linesOf, numbered, putSource, type PutSource } from "../../unit/loader/harness.ts";

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

describe("loader on DuckDB", function () {
  this.timeout(60_000);
  let dir: TempDir;
  let config: Config;
  let embedded: Adapters;
  let warnings: string[];
  let loaders: Loader[];

  beforeEach(async () => {
    dir = tempDir();
    config = configSchema.parse({ loader: { batch_age_seconds: 0.2 } });
    embedded = await openEmbedded(dataFolder(dir.path, { data: dir.path }), config, { env: {} });
    warnings = [];
    loaders = [];
  });

  afterEach(async () => {
    // A test that ran out of time has not stopped its own.
    await Promise.all(loaders.map((loader) => loader.abort()));
    await embedded[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  });

  function loader(warehouse: Warehouse = embedded.warehouse): Loader {
    const observer = { warning: (message: string): void => void warnings.push(message) };
    const common = { log: silent, clock: systemClock, metrics: new MemoryMetrics(), observer };
    const made = createLoader({ ...embedded, ...common, warehouse, routedBucket: BUCKET }, config);
    loaders.push(made);
    return made;
  }

  async function done(loader: Loader): Promise<void> {
    for (;;) {
      loader.flush();
      await loader.whenIdle();
      const { visible, delayed, inFlight } = await embedded.loadQueue.depth();
      if (visible + delayed + inFlight === 0) return;
      await systemClock.sleep(10);
    }
  }

  async function stored(): Promise<string[]> {
    const { tables } = await embedded.warehouse.catalog();
    const rows = [];
    for (const table of tables.keys())
      rows.push(...(await embedded.warehouse.read.sampleRows(table, 10_000)));
    return rows
      .map((row) => [row["_lr_source"], row["_lr_line"], row["_lr_event_type"]].map(text).join(" "))
      .sort();
  }

  async function stateOf({ id, receipt }: PutSource): Promise<string | undefined> {
    const rows = await embedded.warehouse.findSources({ ids: [id] });
    return rows.find(({ generation }) => generation === receipt.generation)?.state;
  }

  it("loads sources of several types, and again nothing", async () => {
    const sources = [];
    for (let n = 0; n < 5; n++) {
      const types = {
        "Order Created": numbered(3),
        login: [`{"ip":"::1","at":"2026-01-01T00:00:00Z","n":${n}.5}`],
      };
      sources.push(await putSource(embedded.store, { key: `/logs/${n}`, types, linesPerPart: 2 }));
    }
    await using first = loader();
    await first.start();
    await done(first);

    assert.deepEqual(await stored(), sources.flatMap(linesOf).sort());
    const loads = await embedded.warehouse.read.loads(sources.map(({ id }) => id));
    assert.equal(loads.length, 10);
    const { receiptKey } = sources[0]!;
    await embedded.store.put(
      { bucket: BUCKET, key: receiptKey },
      await embedded.store.getBytes({ bucket: BUCKET, key: receiptKey }),
    );
    await done(first);
    assert.deepEqual(await embedded.warehouse.read.loads(sources.map(({ id }) => id)), loads);
  });

  it("replaces, in every order of A, B and A again", async () => {
    for (const [index, order] of ["abr", "bar", "rba", "arb"].entries()) {
      const key = `/logs/${index}`;
      const types = { [`kept${index}`]: numbered(3), [`gone${index}`]: numbered(2) };
      const specs = {
        a: { key, content: "a", at: 1, types },
        b: { key, content: "b", at: 2, types: { [`kept${index}`]: [`{"n":1.5,"b":true}`] } },
        r: { key, content: "a", at: 3, generation: 1, returned: true, types },
      };
      const put = new Map<string, PutSource>();
      await using worker = loader();
      await worker.start();
      for (const name of order) {
        const spec = new Map(Object.entries(specs)).get(name)!;
        put.set(name, await putSource(embedded.store, spec));
        await done(worker);
      }

      const mine = (await stored()).filter(
        (line) => line.startsWith(put.get("a")!.id) || line.startsWith(put.get("b")!.id),
      );
      assert.deepEqual(mine, linesOf(put.get("r")!), order);
      assert.equal(await stateOf(put.get("b")!), "replaced", order);
    }
  });

  it("lets two loaders share the work, each unit loaded once", async () => {
    const sources = [];
    for (let n = 0; n < 12; n++) {
      const types = { a: numbered(2), [`t${n % 3}`]: [`{"v":${n % 2 === 0 ? n : `"${n}"`}}`] };
      sources.push(await putSource(embedded.store, { key: `/logs/${n}`, types }));
    }
    await using one = loader();
    await using two = loader();
    await Promise.all([one.start(), two.start()]);
    await Promise.all([done(one), done(two)]);

    assert.deepEqual(await stored(), sources.flatMap(linesOf).sort());
    for (const source of sources) assert.equal(await stateOf(source), "loaded");
  });

  it("resolves loads whose answer was lost", async () => {
    const sources = [];
    for (let n = 0; n < 4; n++)
      sources.push(await putSource(embedded.store, { key: `/${n}`, types: { a: numbered(2) } }));
    let calls = 0;
    const warehouse = new Proxy(embedded.warehouse, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (property !== "load") return typeof value === "function" ? value.bind(target) : value;
        return async (job: LoadJob, signal?: AbortSignal) => {
          const result = await target.load(job, signal);
          if (++calls % 2 === 1)
            throw new RouterError("WAREHOUSE_FAILED", "connection lost", { retryable: true });
          return result;
        };
      },
    });
    await using worker = loader(warehouse);
    await worker.start();
    await done(worker);

    assert.deepEqual(await stored(), sources.flatMap(linesOf).sort());
  });

  it("quarantines a line that DuckDB cannot read, and loads its neighbours", async () => {
    const documents = numbered(20);
    const good = await putSource(embedded.store, { key: "/good", types: { t: documents } });
    const bad = await putSource(embedded.store, {
      key: "/bad",
      types: { t: documents },
      linesPerPart: 6,
      breakLine: 9,
    });
    await using worker = loader();
    await worker.start();
    await done(worker);

    const expected = [good, bad]
      .flatMap(linesOf)
      .filter((line) => line !== `${bad.id} 9 t`)
      .sort();
    assert.deepEqual(await stored(), expected);
    const [unit] = await embedded.warehouse.read.loads([bad.id]);
    assert.deepEqual([unit!.rows, unit!.rejected], [19, 1]);
    const key = `quarantine/${bad.id}/${unit!.batchId}/000000.ndjson.zst`;
    const { body } = await embedded.store.get({ bucket: BUCKET, key });
    const lines = await Array.fromAsync(readQuarantine(body));
    assert.deepEqual(
      lines.map(({ line, reason }) => [line, reason]),
      [[9, "warehouse_refused"]],
    );
    assert.equal(await stateOf(bad), "loaded");
  });

  it("loads mixed parts, and quarantines a line of one that DuckDB cannot read", async () => {
    const types = {
      order: numbered(4),
      order2: ['{"n":"text"}', '{"m":{"deep":[1,2]}}'],
      Order: ["{}"],
      'quo"ted\\é': ['{"n":1.5}'],
    };
    const sources = [];
    for (let n = 0; n < 6; n++)
      sources.push(await putSource(embedded.store, { key: `/logs/${n}`, types, typesPerPart: 3 }));
    const bad = await putSource(embedded.store, { key: "/bad", types, typesPerPart: 4, breakLine: 3 });
    const modes: string[] = [];
    const warehouse = new Proxy(embedded.warehouse, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (property !== "load") return typeof value === "function" ? value.bind(target) : value;
        return async (job: LoadJob, signal?: AbortSignal) => {
          modes.push(...job.tables.map(({ plan }) => plan.mode));
          return await target.load(job, signal);
        };
      },
    });
    await using worker = loader(warehouse);
    await worker.start();
    await done(worker);

    const expected = [...sources, bad].flatMap(linesOf).filter((line) => line !== `${bad.id} 3 order`);
    assert.deepEqual(await stored(), expected.sort());
    assert.equal(modes[0], "direct");
    const loads = await embedded.warehouse.read.loads([bad.id]);
    const told = loads.map(({ eventType, rows, rejected }) => `${eventType} ${rows} ${rejected}`);
    assert.deepEqual(told.sort(), ["Order 1 0", "order 3 1", "order2 2 0", 'quo"ted\\é 1 0']);
    assert.deepEqual(await Array.fromAsync(embedded.store.list(BUCKET, "loads/")), []);
  });

  it("tells of sibling columns and rescued values", async () => {
    await putSource(embedded.store, { key: "/1", types: { t: ['{"price":true}'] } });
    await using worker = loader();
    await worker.start();
    await done(worker);
    await putSource(embedded.store, { key: "/2", types: { t: ['{"price":"free"}'] } });
    await done(worker);

    assert.deepEqual(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0]!, /no longer fits column price \(boolean\); new column price_string/);
  });
});
