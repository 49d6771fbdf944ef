// Loads of different tables at the same time in one process, and what they leave in the file.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import type { LoadJob } from "../../../shared/ports/warehouse.ts";
import {
  compressPart,
  loadJob,
  loadPlan,
  loadUnit,
  newColumn,
  partLine,
  testSource,
} from "../../contract/warehouse-parts.ts";
import { tempWarehouse, type TempWarehouse } from "./temp-warehouse.ts";

/** More than two row groups. */
const MANY = 50_000;

async function job(
  temp: TempWarehouse,
  key: string,
  tables: Readonly<Record<string, number>>,
): Promise<LoadJob> {
  const catalog = await temp.warehouse.catalog();
  const source = testSource(key);
  return loadJob(
    catalog,
    "routed",
    Object.entries(tables).map(([table, lines]) => {
      const texts = Array.from({ length: lines }, (_, at) =>
        partLine(source.id, at + 1, table, `{"n":${at},"s":"${table}${at % 1000}"}`),
      );
      const part = temp.put(compressPart(texts), lines);
      return { plan: loadPlan(catalog, table, "direct"), units: [loadUnit(source, table, [part])] };
    }),
  );
}

async function createTables(temp: TempWarehouse, tables: readonly string[]): Promise<void> {
  const columns = [newColumn("n", "integer", "n"), newColumn("s", "string(256)", "s")];
  for (const table of tables) await temp.createTable(table, columns);
}

/** One row, asked by DuckDB as any user has it, in its own settings. */
async function plain(file: string, sql: string): Promise<unknown[]> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRows()[0]!;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const sumsOf = (table: string): string =>
  `SELECT count(*)::INTEGER, sum(n)::DOUBLE, count(DISTINCT s)::INTEGER FROM events.${table}`;
const SUMS = [MANY, (MANY * (MANY - 1)) / 2, 1000];
const STORAGE = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'warehouse'";

describe("loads into one DuckDB file side by side", function () {
  this.timeout(30_000);

  it("leave a log that DuckDB replays by itself", async () => {
    using temp = tempWarehouse({ keepLog: true });
    await createTables(temp, ["a", "b", "c", "d"]);
    const jobs = [await job(temp, "/1", { a: MANY, c: 10 }), await job(temp, "/1", { b: MANY, d: 20 })];

    const results = await Promise.all(jobs.map((one) => temp.warehouse.load(one)));

    assert.deepEqual(
      results.map(({ kind }) => kind),
      ["loaded", "loaded"],
    );
    assert.ok(existsSync(`${temp.file}.wal`));
    for (const table of ["a", "b"]) assert.deepEqual(await plain(temp.file, sumsOf(table)), SUMS);
    assert.deepEqual(await plain(temp.file, "SELECT count(*)::INTEGER FROM events.c"), [10]);
    assert.deepEqual(await plain(temp.file, 'SELECT sum("rows")::INTEGER FROM log_router.loads'), [
      2 * MANY + 30,
    ]);
  });

  it("load a unit once when both have it", async () => {
    using temp = tempWarehouse();
    await createTables(temp, ["a", "b"]);
    const jobs = [await job(temp, "/1", { a: 100 }), await job(temp, "/1", { a: 100, b: 10 })];

    const results = await Promise.all(jobs.map((one) => temp.warehouse.load(one)));

    assert.deepEqual(results.map(({ kind }) => kind).sort(), ["blocked", "loaded"]);
    assert.equal((await temp.warehouse.read.countRows("a"))[0]?.rows, 100);
  });

  it("make files of DuckDB 1.3's format, in small row groups", async () => {
    using temp = tempWarehouse();
    await createTables(temp, ["a"]);

    await temp.warehouse.load(await job(temp, "/1", { a: MANY }));

    assert.deepEqual(await plain(temp.file, STORAGE), ["v1.3.0+"]);
    const groups = "SELECT count(DISTINCT row_group_id)::INTEGER FROM pragma_storage_info('events.a')";
    assert.deepEqual(await plain(temp.file, groups), [3]);
  });

  it("go on with a file of DuckDB's own settings, and leave its format as it is", async () => {
    using temp = tempWarehouse();
    await plain(temp.file, "SELECT 1");
    await createTables(temp, ["a", "b"]);
    for (const source of ["/1", "/2"]) {
      const jobs = [await job(temp, source, { a: MANY }), await job(temp, source, { b: MANY })];
      const results = await Promise.all(jobs.map((one) => temp.warehouse.load(one)));
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ["loaded", "loaded"],
      );
    }

    assert.deepEqual(await plain(temp.file, STORAGE), ["v1.0.0+"]);
    for (const table of ["a", "b"])
      assert.deepEqual(await plain(temp.file, sumsOf(table)), [2 * MANY, MANY * (MANY - 1), 1000]);
  });
});
