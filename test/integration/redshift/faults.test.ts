// The Data API answers wrongly, late or not at all: what is loaded is found out from the ledger, once.
import assert from "node:assert/strict";
import type { Fault } from "../../../localstack/redshift-data/faults.ts";
import { newColumn, tableChange, testSource, unitKeyOf } from "../../contract/warehouse-parts.ts";
import { openLoadBench, type LoadBench } from "./load-helpers.ts";

const N = [newColumn("n", "integer", "n")];

describe("a load on Redshift whose answer is not the truth", function () {
  this.timeout(60_000);
  let context: LoadBench;
  let sources = 0;

  before(async () => {
    context = await openLoadBench();
    await context.bench.createTable("orders", N);
  });
  after(() => context[Symbol.asyncDispose]());
  afterEach(() => context.redshift.standIn.faults.clear());

  async function loadUnder(fault: Fault, mode: "direct" | "staged" = "direct") {
    const { bench, warehouse, redshift } = context;
    const source = testSource(`/logs/${++sources}.json`);
    const job = await context.job({ orders: [await bench.unit(source, "orders", 3)] }, mode);
    redshift.standIn.faults.arm({ match: "COPY lr_units", ...fault });
    const result = await warehouse.load(job);
    return { source, result };
  }

  const BATCH = "BatchExecuteStatement";
  const FAULTS: readonly (readonly [string, Fault])[] = [
    ["the answer is lost after the request was taken", { effect: "lose-answer", operation: BATCH }],
    ["the answer is lost three times", { effect: "lose-answer", operation: BATCH, times: 3 }],
    ["the request never arrives", { effect: "lose-request", operation: BATCH, times: 2 }],
    ["it is reported ABORTED after its commit", { effect: "aborted-after-commit" }],
    ["it is reported FAILED after its commit", { effect: "failed-after-commit" }],
    ["requests are throttled", { effect: "throttle", operation: BATCH, times: 2 }],
    ["too many statements are active", { effect: "active-exceeded", operation: BATCH, times: 2 }],
    ["the service fails", { effect: "internal-error", operation: BATCH, times: 2 }],
    ["a proxy answers in HTML", { effect: "html-answer", operation: BATCH }],
    ["the status is none of the list", { effect: "unknown-status", seconds: 1 }],
    ["the statement waits to be picked", { effect: "slow-picked", seconds: 1 }],
    [
      "asking for the state fails",
      { effect: "internal-error", operation: "DescribeStatement", match: "", times: 4 },
    ],
  ];
  for (const [title, fault] of FAULTS) {
    it(`is loaded once when ${title}`, async () => {
      const { source, result } = await loadUnder(fault);

      assert.equal(result.kind, "loaded", JSON.stringify(result));
      const lines = (await context.bench.lines("orders")).filter((line) => line.startsWith(source.id));
      assert.deepEqual(
        lines,
        [1, 2, 3].map((line) => `${source.id}/${line}`),
      );
      const [row] = await context.warehouse.loadedUnits([unitKeyOf(source, "orders")]);
      assert.equal(row?.rows, 3);
    });
  }

  it("is thrown as unavailable when nobody answers, and found in the ledger afterwards", async () => {
    const { bench, warehouse, redshift } = context;
    const source = testSource(`/logs/${++sources}.json`);
    const job = await context.job({ orders: [await bench.unit(source, "orders", 2)] });
    // The request is taken; then every answer is lost, that of the ledger too.
    redshift.standIn.faults.arm({
      effect: "lose-answer",
      operation: BATCH,
      match: "COPY lr_units",
      times: 1000,
    });
    redshift.standIn.faults.arm({
      effect: "lose-answer",
      operation: "ExecuteStatement",
      match: job.batchId,
      times: 1000,
    });

    await assert.rejects(warehouse.load(job), { code: "WAREHOUSE_UNAVAILABLE", retryable: true });

    // For all that is known here it runs on, and reads them.
    const kept = await Array.fromAsync(redshift.store.list("routed", `loads/${job.batchId}/`));
    assert.ok(kept.some(({ key }) => key.endsWith("/units.ndjson")));
    redshift.standIn.faults.clear();
    const again = await warehouse.load(job);
    assert.equal(again.kind, "blocked", JSON.stringify(again));
    assert.equal((await warehouse.loadedUnits(job.tables[0]!.units)).length, 1);
  });

  it("changes tables once when the answer is not the truth", async () => {
    const { warehouse, redshift } = context;
    for (const effect of ["aborted-after-commit", "failed-after-commit", "lose-answer"] as const) {
      const table = effect.replaceAll("-", "_");
      redshift.standIn.faults.arm({ effect, operation: BATCH, match: "CREATE TABLE" });
      const { version } = await warehouse.catalog();

      const result = await warehouse.change(version, [
        tableChange(table, { eventTypes: [table], addColumns: N }),
      ]);

      assert.deepEqual(result, { kind: "applied" });
      assert.equal((await warehouse.catalog()).tables.get(table)?.columns.length, 1);
    }
  });

  it("leaves no object behind once its end is known", async () => {
    await loadUnder({ effect: "throttle", operation: BATCH }, "staged");

    const left = await Array.fromAsync(context.redshift.store.list("routed", "loads/"));
    // Of the load that nobody answered they stay.
    assert.ok(left.every(({ key }) => !key.startsWith(`loads/batch-${sources}/`)));
  });
});
