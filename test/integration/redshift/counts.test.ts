// What COPY has loaded is counted: files that do not hold what was put there, lists that are cut short, parts with other lines than promised.
import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { loadUnit, newColumn, partLine, compressPart, testSource } from "../../contract/warehouse-parts.ts";
import { openLoadBench, type LoadBench } from "./load-helpers.ts";

describe("rows counted by a load on Redshift", function () {
  this.timeout(30_000);
  let context: LoadBench;
  let sources = 0;

  before(async () => {
    context = await openLoadBench();
    await context.bench.createTable("orders", [newColumn("n", "integer", "n")]);
  });
  after(() => context[Symbol.asyncDispose]());

  /** Objects whose key matches lose their last line on the way into the store. */
  function losing(pattern: RegExp): Disposable {
    const { store } = context.redshift;
    const put = store.put.bind(store);
    store.put = async (ref, body, options) => {
      if (!pattern.test(ref.key)) return put(ref, body, options);
      const isPacked = ref.key.endsWith(".zst");
      const bytes = body instanceof Uint8Array ? body : await buffer(body);
      const lines = (isPacked ? zstdDecompressSync(bytes) : Buffer.from(bytes)).toString().trim().split("\n");
      const cut = Buffer.from(
        lines
          .slice(0, -1)
          .map((line) => `${line}\n`)
          .join(""),
      );
      return put(ref, isPacked ? zstdCompressSync(cut) : cut, options);
    };
    return { [Symbol.dispose]: () => void (store.put = put) };
  }

  async function nothingLoaded(ids: readonly string[]): Promise<void> {
    assert.deepEqual(await context.warehouse.read.loads(ids), []);
    const lines = await context.bench.lines("orders");
    assert.deepEqual(
      lines.filter((line) => ids.some((id) => line.startsWith(id))),
      [],
    );
  }

  it("COPY that gives fewer rows than were written for it loads nothing", async () => {
    using _losing = losing(/\/checked-/);
    const source = testSource(`/logs/${++sources}.json`);
    const job = await context.job({ orders: [await context.bench.unit(source, "orders", 3)] }, "staged");

    await assert.rejects(context.warehouse.load(job), {
      code: "ACCOUNTING_BROKEN",
      message: /COPY gave other rows than were written for it; nothing was loaded/,
    });

    await nothingLoaded([source.id]);
  });

  it("a list of units that is not whole loads nothing", async () => {
    using _losing = losing(/\/units\.ndjson$/);
    const pair = [1, 2].map(() => testSource(`/logs/${++sources}.json`));
    const units = await Promise.all(pair.map((source) => context.bench.unit(source, "orders", 2)));

    await assert.rejects(context.warehouse.load(await context.job({ orders: units })));

    await nothingLoaded(pair.map(({ id }) => id));
  });

  it("units that have each other's lines too many and too few, which are right together, load nothing", async () => {
    const [one, two] = [1, 2].map(() => testSource(`/logs/${++sources}.json`));
    const part = (source: typeof one, lines: number, promised: number) =>
      context.bench.rawPart(
        compressPart(
          Array.from({ length: lines }, (_, at) => partLine(source!.id, at + 1, "orders", '{"n":1}')),
        ),
        promised,
      );
    const units = [
      loadUnit(one!, "orders", [await part(one, 3, 2)]),
      loadUnit(two!, "orders", [await part(two, 1, 2)]),
    ];

    await assert.rejects(context.warehouse.load(await context.job({ orders: units })), {
      code: "ACCOUNTING_BROKEN",
      message: /rows where the receipt promises 2 lines/,
    });

    await nothingLoaded([one!.id, two!.id]);
  });

  it("a plan of a catalog that has changed meanwhile loads nothing, also where nothing is read before the transaction", async () => {
    const { bench, warehouse, redshift } = context;
    const first = await bench.unit(testSource(`/logs/${++sources}.json`), "orders", 1);
    assert.equal((await warehouse.load(await context.job({ orders: [first] }))).kind, "loaded");
    const source = testSource(`/logs/${++sources}.json`);
    const job = await context.job({ orders: [await bench.unit(source, "orders", 2)] });
    await bench.createTable("visits", [newColumn("n", "integer", "n")]);
    const before = redshift.journal.length;

    assert.deepEqual(await warehouse.load(job), { kind: "stale" });

    assert.ok(redshift.journal[before]!.sqls.some((sql) => sql.startsWith("LOCK TABLE")));
    await nothingLoaded([source.id]);
  });
});
