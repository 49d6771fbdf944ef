// The turns that users of one DuckDB file take within a process.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createSharedFile } from "../../../shared/warehouse/duckdb/shared-file.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

const settings = { lockWaitMs: 5000, memoryBytes: 200 * 1024 ** 2, threads: 1 };

describe("shared DuckDB file", () => {
  it("goes on when a reader leaves while a writer and then another reader wait", async () => {
    using dir = tempDir();
    const file = createSharedFile(join(dir.path, "w.duckdb"), settings);
    await file.write((session) => session.run("CREATE TABLE t (n INTEGER)"));
    const leaves = Promise.withResolvers<void>();
    const reads = Promise.withResolvers<void>();

    const first = file.read(async () => {
      reads.resolve();
      await leaves.promise;
    });
    await reads.promise;
    const writer = file.write((session) => session.run("INSERT INTO t VALUES (1)"));
    const second = file.read((session) => session.rows("SELECT n FROM t"));
    leaves.resolve();

    await first;
    assert.equal(await writer, 1);
    // It may read beside the writer, and then does not see its row yet.
    assert.ok((await second).length <= 1);
  });
});
