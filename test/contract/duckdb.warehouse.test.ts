import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { defaultConfig } from "../../shared/config/schema.ts";
import { createDuckDbWarehouse } from "../../shared/warehouse/duckdb/create-duckdb-warehouse.ts";
import { tempDir } from "../helpers/temp-dir.ts";
import { warehouseContract } from "./warehouse.ts";

warehouseContract("DuckDB", async ({ rewriteRows, foreignTables }) => {
  const dir = tempDir();
  const folder = join(dir.path, "data 'of' \"mine\" [a]{b}*#%41=x");
  mkdirSync(folder);
  const file = join(folder, "warehouse.duckdb");
  const defaults = defaultConfig();
  const config = { ...defaults, tables: { ...defaults.tables, rewrite_rows: rewriteRows } };
  const partPath = (bucket: string, key: string): string => join(folder, bucket, key);
  if (foreignTables.length > 0) {
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run("CREATE SCHEMA events");
    for (const table of foreignTables) await connection.run(`CREATE TABLE events."${table}" (a INTEGER)`);
    connection.closeSync();
    instance.closeSync();
  }
  // With the log left beside the file, every opening replays it: as after a crash, and twice as fast.
  const warehouse = createDuckDbWarehouse({ file, partPath, config, lockWaitMs: 5000, keepLog: true });
  return {
    warehouse,
    bucket: "routed",
    async put(key, bytes) {
      mkdirSync(dirname(partPath("routed", key)), { recursive: true });
      writeFileSync(partPath("routed", key), bytes);
    },
    async [Symbol.asyncDispose]() {
      await warehouse[Symbol.asyncDispose]();
      dir[Symbol.dispose]();
    },
  };
});
