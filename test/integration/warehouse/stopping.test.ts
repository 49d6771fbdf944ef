// A load that is told to stop in the middle of its transaction leaves nothing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDuckDbWarehouse } from "../../../shared/warehouse/duckdb/create-duckdb-warehouse.ts";
import {
  compressPart,
  loadJob,
  loadPlan,
  loadUnit,
  newColumn,
  partLine,
  testSource,
} from "../../contract/warehouse-parts.ts";
import { tempWarehouse } from "./temp-warehouse.ts";

describe("stopping a load into DuckDB", () => {
  it("rolls back, frees the file, and the unit loads afterwards", async () => {
    using temp = tempWarehouse();
    await temp.createTable("t", [newColumn("n", "integer", "n")]);
    const source = testSource("/logs/a.json");
    const lines = Array.from({ length: 200_000 }, (_, at) => partLine(source.id, at + 1, "t", `{"n":${at}}`));
    const unit = loadUnit(source, "t", [temp.put(compressPart(lines), lines.length)]);
    const stop = new AbortController();
    let asked = 0;
    const stopped = createDuckDbWarehouse({
      file: temp.file,
      config: temp.config,
      partPath(_bucket, key) {
        // First asked whether the part is there, then inside the transaction, just before the rows are inserted.
        if (++asked === 2) setImmediate(() => stop.abort(new Error("enough")));
        return join(temp.folder, key);
      },
    });
    const catalog = await temp.warehouse.catalog();
    const job = loadJob(catalog, "routed", [{ plan: loadPlan(catalog, "t", "staged"), units: [unit] }]);

    await assert.rejects(stopped.load(job, stop.signal), { code: "ABORTED" });

    assert.equal(asked, 2);
    assert.deepEqual(await temp.warehouse.loadedUnits([unit]), []);
    assert.equal((await temp.warehouse.load(job)).kind, "loaded");
    const counts = await temp.warehouse.read.countRows("t");
    assert.deepEqual(
      counts.map(({ rows, repeated }) => ({ rows, repeated })),
      [{ rows: 200_000, repeated: 0 }],
    );
  });

  it("takes a waiting user out of the queue, and the others go on", async () => {
    using temp = tempWarehouse();
    await temp.warehouse.prepare();
    const stop = new AbortController();

    const waiting = [
      temp.warehouse.putPending([]),
      temp.warehouse.putPending([], stop.signal),
      temp.warehouse.putPending([]),
    ];
    stop.abort();
    const ends = await Promise.allSettled(waiting);

    assert.deepEqual(
      ends.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
  });

  it("refuses a path that DuckDB would read as options", () => {
    const file = "/data/what?/warehouse.duckdb";
    using temp = tempWarehouse();

    assert.throws(() => createDuckDbWarehouse({ file, partPath: () => "", config: temp.config }), {
      code: "CONFIG_INVALID",
    });
  });
});
