// A DuckDB warehouse in a temporary folder, with a way to put parts and to load documents into one table.
import { writeFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { defaultConfig } from "../../../shared/config/schema.ts";
import type { Config } from "../../../shared/config/schema.ts";
import type { LoadResult, UnitPart, Warehouse } from "../../../shared/ports/warehouse.ts";
import type { NewColumn, TableLoadPlan } from "../../../shared/schema/types.ts";
import { createDuckDbWarehouse } from "../../../shared/warehouse/duckdb/create-duckdb-warehouse.ts";
import type { DuckDbWarehouseOptions } from "../../../shared/warehouse/duckdb/create-duckdb-warehouse.ts";
import {
  compressPart,
  loadJob,
  loadPlan,
  loadUnit,
  partLine,
  tableChange,
  testSource,
} from "../../contract/warehouse-parts.ts";
import type { TestSource } from "../../contract/warehouse-parts.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

export interface TempWarehouse extends Disposable {
  readonly folder: string;
  readonly file: string;
  readonly warehouse: Warehouse;
  readonly config: Config;
  /** Puts bytes as a part; `lines` is what the receipt would promise. */
  put(bytes: Uint8Array, lines: number, compression?: "zstd" | "gzip"): UnitPart;
  createTable(table: string, columns: readonly NewColumn[], catchAll?: boolean): Promise<void>;
  /** Loads documents (JSON texts) as event type `table` into the table of that name, as one new source. */
  loadDocuments(
    table: string,
    mode: "direct" | "staged",
    documents: readonly string[],
    over?: Partial<TableLoadPlan> & { rescued?: readonly (string | undefined)[] },
  ): Promise<{ result: LoadResult; source: TestSource }>;
}

export function tempWarehouse(
  options: Partial<DuckDbWarehouseOptions> & { subfolder?: string } = {},
): TempWarehouse {
  const dir = tempDir();
  const folder = join(dir.path, options.subfolder ?? "data");
  mkdirSync(folder, { recursive: true });
  const config = options.config ?? defaultConfig();
  const file = join(folder, "warehouse.duckdb");
  const partPath = (_bucket: string, key: string): string => join(folder, key);
  const warehouse = createDuckDbWarehouse({ file, partPath, config, lockWaitMs: 10_000, ...options });
  let parts = 0;
  let sources = 0;
  const temp: TempWarehouse = {
    folder,
    file,
    warehouse,
    config,
    put(bytes, lines, compression = "zstd") {
      const key = `parts/p${++parts}.ndjson.${compression === "zstd" ? "zst" : "gz"}`;
      mkdirSync(dirname(join(folder, key)), { recursive: true });
      writeFileSync(join(folder, key), bytes);
      return { key, bytes: bytes.length, lines, compression };
    },
    async createTable(table, addColumns, catchAll = false) {
      await warehouse.prepare();
      const { version } = await warehouse.catalog();
      const change = tableChange(table, { eventTypes: [table], addColumns, catchAll });
      const result = await warehouse.change(version, [change]);
      if (result.kind !== "applied") throw new Error(`change: ${JSON.stringify(result)}`);
    },
    async loadDocuments(table, mode, documents, { rescued, ...over } = {}) {
      const source = testSource(`/logs/${table}-${++sources}.json`);
      const lines = documents.map((text, at) => partLine(source.id, at + 1, table, text, rescued?.[at]));
      const part = temp.put(compressPart(lines), lines.length);
      const catalog = await warehouse.catalog();
      const plan = loadPlan(catalog, table, mode, over);
      const job = loadJob(catalog, "routed", [{ plan, units: [loadUnit(source, table, [part])] }]);
      return { result: await warehouse.load(job), source };
    },
    [Symbol.dispose]() {
      dir[Symbol.dispose]();
    },
  };
  return temp;
}
