// The loader over Redshift, on the stand-in: small sources whose event types share parts are copied from what was gathered, as direct as parts of
// their own.
import assert from "node:assert/strict";
import { createLoader } from "../../../services/loader/create-loader.ts";
import { MemoryMetrics } from "../../../shared/adapters/memory/memory-metrics.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import {
  redshiftConfig,
  ROUTED,
  startRedshift,
  type RedshiftBench,
} from "../../helpers/redshift-stand-in.ts";
import { linesOf, notification, numbered, putSource, type PutSource } from "../../unit/loader/harness.ts";

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

describe("mixed parts on Redshift", function () {
  this.timeout(60_000);
  const config = redshiftConfig({ loader: { batch_age_seconds: 0.2, slots: 4 } });
  let redshift: RedshiftBench;

  before(async () => {
    redshift = await startRedshift({ config });
  });
  after(() => redshift[Symbol.asyncDispose]());

  async function load(sources: readonly PutSource[]): Promise<MemoryMetrics> {
    const queue = new MemoryQueue({ clock: systemClock, name: "load", maxReceives: 5 });
    await queue.send(sources.map(({ receiptKey }) => notification(receiptKey)));
    const metrics = new MemoryMetrics();
    await using warehouse = redshift.open();
    const ports = { store: redshift.store, loadQueue: queue, warehouse, metrics, clock: systemClock };
    await using loader = createLoader({ ...ports, log: silent, routedBucket: ROUTED }, config);
    await loader.start();
    for (let left = 1; left > 0;) {
      loader.flush();
      await loader.whenIdle();
      const { visible, delayed, inFlight } = await queue.depth();
      left = visible + delayed + inFlight;
      if (left > 0) await systemClock.sleep(10);
    }
    return metrics;
  }

  it("are loaded exactly, by COPY of gathered objects, which are gone afterwards", async () => {
    const types = {
      order: numbered(3),
      order2: ['{"n":"text"}'],
      Order: ['{"ok":true}'],
      'quo"ted': ['{"at":"2026-01-01T00:00:00Z"}'],
    };
    const sources: PutSource[] = [];
    for (let n = 0; n < 4; n++)
      sources.push(await putSource(redshift.store, { key: `/${n}`, types, typesPerPart: 4 }));

    const put: string[] = [];
    const original = redshift.store.put.bind(redshift.store);
    redshift.store.put = (ref, body, options) => {
      put.push(ref.key);
      return original(ref, body, options);
    };
    const metrics = await load(sources);

    await using warehouse = redshift.open();
    const { tables } = await warehouse.catalog();
    const rows = [];
    for (const table of tables.keys()) rows.push(...(await warehouse.read.sampleRows(table, 100)));
    const stored = rows.map((row) =>
      [row["_lr_source"], row["_lr_line"], row["_lr_event_type"]].map(String).join(" "),
    );
    assert.deepEqual(stored.sort(), sources.flatMap(linesOf).sort());
    assert.equal(metrics.counter("loader_lines_gathered_total"), 24);
    const keys = redshift.store.keys(ROUTED).filter((key) => key.startsWith("loads/"));
    assert.deepEqual(keys, []);
    const tablesCopied = redshift.journal
      .flatMap(({ sqls }) => sqls)
      .flatMap((sql) => /^COPY "events"\."(\w+)"/.exec(sql)?.[1] ?? []);
    assert.deepEqual([...new Set(tablesCopied)].sort(), [...tables.keys()].sort());
    // What is not direct is checked here first and put again.
    assert.ok(put.some((key) => key.endsWith("/000003.ndjson.zst")));
    assert.deepEqual(
      put.filter((key) => key.includes("checked-")),
      [],
    );
  });
});
