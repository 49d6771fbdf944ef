// Thousands of small objects are thousands of rows of `sources`: each call takes time, and of what the Data API allows a second.
import assert from "node:assert/strict";
import type { SourceRow } from "../../../shared/ports/warehouse.ts";
import { sourceRow, testSource } from "../../contract/warehouse-parts.ts";
import { startRedshift } from "../../helpers/redshift-stand-in.ts";

const ids = (rows: readonly SourceRow[]): string[] => rows.map(({ sourceId }) => sourceId).sort();

describe("many sources on Redshift", function () {
  this.timeout(60_000);

  it("are settled with two calls for some two hundred of them, and those with long hostile keys as the statement's size allows", async () => {
    await using bench = await startRedshift();
    const warehouse = bench.open();
    await warehouse.prepare();
    // As few as fit one call, and keys of the most bytes that S3 takes, each of which doubles in a statement.
    const short = Array.from({ length: 600 }, (_, n) =>
      sourceRow(testSource(`/logs/2026/11/21/app-${n}.gz`)),
    );
    const long = Array.from({ length: 60 }, (_, n) =>
      sourceRow(testSource(`${String(n).padStart(4, "0")}${"\\'".repeat(510)}`), {
        reason: "it's\\so".repeat(50),
      }),
    );
    const from = bench.journal.length;

    assert.deepEqual(await warehouse.settleSources(short), { conflicts: [] });

    const calls = bench.journal.length - from;
    assert.ok(calls <= 12, `${calls} calls`);
    assert.deepEqual(await warehouse.settleSources(long), { conflicts: [] });
    const all = [...short, ...long];
    const names = all.map(({ bucket, key }) => ({ bucket, key }));
    assert.deepEqual(ids(await warehouse.findSources({ names })), ids(all));
    const [hostile] = await warehouse.findSources({
      names: [{ bucket: long[7]!.bucket, key: long[7]!.key }],
    });
    assert.deepEqual([hostile?.key, hostile?.reason], [long[7]!.key, long[7]!.reason]);
  });
});
