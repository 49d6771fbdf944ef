// A column that Redshift will not widen: the loader gives the path a sibling, and every document comes back as it was.
import assert from "node:assert/strict";
import pino from "pino";
import { createLoader } from "../../../services/loader/create-loader.ts";
import { MemoryMetrics } from "../../../shared/adapters/memory/memory-metrics.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { canonicalText } from "../../contract/warehouse-harness.ts";
import { redshiftConfig, ROUTED } from "../../helpers/redshift-stand-in.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { notification, putSource } from "../../unit/loader/harness.ts";
import { openLoadBench } from "./load-helpers.ts";

describe("a column that cannot be widened", () => {
  it("gets a sibling; what was loaded before stays, and everything comes back as it was", async function () {
    this.timeout(60_000);
    const config = redshiftConfig({
      loader: { slots: 4, batch_age_seconds: 0.1, max_commits_per_minute: 6000 },
    });
    await using context = await openLoadBench({ config });
    const { redshift, warehouse, bench } = context;
    const queue = new MemoryQueue({ name: "load" });
    await using loader = createLoader(
      {
        store: redshift.store,
        loadQueue: queue,
        warehouse,
        routedBucket: ROUTED,
        metrics: new MemoryMetrics(),
        log: pino({ level: "silent" }),
        clock: systemClock,
      },
      config,
    );
    await loader.start();
    const documents: string[] = [];
    async function load(...texts: readonly string[]): Promise<void> {
      documents.push(...texts);
      const source = await putSource(redshift.store, {
        key: `/logs/${documents.length}`,
        types: { notes: texts },
      });
      await queue.send([notification(source.receiptKey)]);
      await waitFor("the source", async () => (await warehouse.read.loads([source.id])).length === 1, 30_000);
    }
    await load('{"n":1,"s":"short"}');
    // As somebody's hand might have left it: Redshift resizes no column that has a default.
    for (const sql of [
      'ALTER TABLE "events"."notes" DROP COLUMN "s"',
      `ALTER TABLE "events"."notes" ADD COLUMN "s" VARCHAR(256) DEFAULT 'short'`,
    ])
      assert.equal((await redshift.api.statement(sql, { name: "by hand" })).kind, "finished");

    await load(`{"n":2,"s":"${"x".repeat(300)}"}`, '{"n":3,"s":"y"}');

    const columns = (await warehouse.catalog()).tables.get("notes")!.columns;
    assert.deepEqual(
      columns.filter(({ path }) => path[0] === "s").map(({ column, type }) => [column, type]),
      [
        ["s", "string(256)"],
        ["s_string", "string(1024)"],
      ],
    );
    assert.deepEqual((await bench.documents("notes")).toSorted(), documents.map(canonicalText).toSorted());
    const tries = redshift.journal.filter(({ sqls }) => sqls.some((sql) => /ALTER COLUMN "s" /.test(sql)));
    assert.deepEqual(
      tries.map(({ sqls }) => sqls[0]!.replace(/^.*ALTER COLUMN "s" /, "")),
      ["TYPE VARCHAR(1024)", "ENCODE ZSTD", "TYPE VARCHAR(1024)"],
    );
  });
});
