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

  it("lets writes with slots of their own run side by side, and everything else alone", async () => {
    using dir = tempDir();
    const file = createSharedFile(join(dir.path, "w.duckdb"), settings);
    await file.write((session) => session.run("CREATE TABLE t (n INTEGER); CREATE TABLE u (n INTEGER)"));
    const running = new Set<string>();
    const seen: string[] = [];
    const leave = Promise.withResolvers<void>();
    const bothIn = Promise.withResolvers<void>();
    const write = async (
      name: string,
      slots: readonly string[] | undefined,
      waits: boolean,
    ): Promise<void> => {
      await file.write(
        async (session) => {
          running.add(name);
          seen.push([...running].sort().join("+"));
          if (running.has("a") && running.has("b")) bothIn.resolve();
          if (waits) await leave.promise;
          await session.transaction(() => session.run(`INSERT INTO ${name === "a" ? "t" : "u"} VALUES (1)`));
          running.delete(name);
        },
        undefined,
        slots && new Set(slots),
      );
    };

    const first = [write("a", ["x", "y"], true), write("b", ["z"], true)];
    await bothIn.promise;
    const later = [write("same", ["y"], false), write("all", undefined, false), write("other", ["v"], false)];
    leave.resolve();
    await Promise.all([...first, ...later]);

    assert.equal(seen[1], "a+b");
    for (const together of seen.slice(2)) assert.doesNotMatch(together, /a.*same|all.|.all/);
    const counts = await file.read((session) =>
      session.rows("SELECT (SELECT count(*) FROM t) t, (SELECT count(*) FROM u) u"),
    );
    assert.deepEqual(counts, [{ t: 1n, u: 4n }]);
  });
});
