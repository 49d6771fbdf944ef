// Who makes queryable typed tables: the product, and DuckDB's SQL written by hand. All of them write a DuckDB file, which is opened and
// counted before anything is timed.
import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { assertSameCounts } from "../harness/count-lines.ts";
import type { Sample } from "../harness/files.ts";
import { ROOT } from "../harness/measure.ts";
import type { Contestant } from "../harness/suite.ts";
import { name } from "./shop-tables.ts";

/** From the file to tables, by the product. */
export function logRouterRun(
  input: Sample,
  kind = { id: "run", title: "log-router run --once" },
): Contestant {
  return {
    ...kind,
    command: 'bin/log-router run "$FILE" --once --data "$OUT/data"',
    check: (out) => checkCatalog(join(out, "data", "warehouse.duckdb"), input),
  };
}

/** From the file to tables, by hand: the schema declared, one scan into one table; tables from it; the schema inferred; one scan a table. */
export function byHand(input: Sample): Contestant[] {
  const hand = (id: string, title: string, script: string): Contestant => ({
    id,
    title,
    command: `node bench/contestants/${script} "$FILE" "$OUT/hand.duckdb"`,
    check: (out) => checkTables(join(out, "hand.duckdb"), input, id),
  });
  return [
    hand(
      "declared",
      "DuckDB by hand, schema declared, one scan, one table with views",
      "duckdb-declared.ts scan",
    ),
    hand("tables", "DuckDB by hand, schema declared, one scan, then tables", "duckdb-declared.ts tables"),
    hand("inferred", "DuckDB by hand, schema inferred", "duckdb-inferred.ts"),
    hand("passes", "DuckDB by hand, schema declared, one scan a table", "duckdb-declared.ts passes"),
  ];
}

/** From ready parts to tables. $DATA is a folder in which `log-router splitter` has just run, so that its receipts wait to be loaded. */
export function partLoaders(input: Sample, data: string): Contestant[] {
  const hand = (id: string, title: string, tables: number): Contestant => ({
    id,
    title,
    command: `node bench/contestants/duckdb-parts.ts "$DATA/routed" "$OUT/hand.duckdb" ${tables}`,
    check: (out) => checkTables(join(out, "hand.duckdb"), input, id),
  });
  return [
    hand("parts", "DuckDB by hand, ready parts, one table at a time", 1),
    hand("parts-2", "DuckDB by hand, ready parts, two tables at a time", 2),
    {
      id: "loader",
      title: "log-router loader --once",
      command: 'bin/log-router loader --once --data "$OUT/data"',
      prepare: (out) => cp(data, join(out, "data"), { recursive: true }),
      check: (out) => checkCatalog(join(out, "data", "warehouse.duckdb"), input),
    },
  ];
}

/** Splits the sample into a data folder, for `partLoaders`; a file an event type, because by hand nothing else can be read. */
export async function splitInto(data: string, input: Sample): Promise<void> {
  const command = join(ROOT, "bin", "log-router");
  await promisify(execFile)(
    command,
    ["splitter", input.path, "--once", "--data", data, "--set", "splitter.own_part_bytes=0"],
    {
      maxBuffer: 1 << 26,
    },
  );
}

async function checkTables(file: string, input: Sample, who: string): Promise<void> {
  const counts = await query(file, async (rows) => {
    const found = new Map<string, number>();
    for (const type of input.byType.keys()) {
      const [row] = await rows(`SELECT count(*)::INTEGER FROM ${name(type)}`);
      found.set(type, Number(row?.[0]));
    }
    return found;
  });
  assertSameCounts(who, counts, input.byType);
}

/** Counts the tables that the product's catalog names. */
async function checkCatalog(file: string, input: Sample): Promise<void> {
  const counts = await query(file, async (rows) => {
    const found = new Map<string, number>();
    for (const [type, table] of await rows("SELECT event_type, table_name FROM log_router.tables")) {
      const [row] = await rows(`SELECT count(*)::INTEGER FROM events.${name(String(table))}`);
      found.set(String(type), Number(row?.[0]));
    }
    return found;
  });
  assertSameCounts("log-router", counts, input.byType);
}

async function query<T>(file: string, work: (rows: (sql: string) => Promise<unknown[][]>) => Promise<T>) {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  try {
    return await work(async (sql) => (await connection.runAndReadAll(sql)).getRows());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
