// Loading ready parts by hand: `node duckdb-parts.ts FOLDER DATABASE TABLES`, FOLDER being what `log-router split` wrote, every column
// declared (shop-tables.ts), so many tables at a time.
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { readReceipts } from "./receipts.ts";
import { name, quoted, readColumns, selectList, SHOP_TABLES } from "./shop-tables.ts";

const [folder, database, tables] = process.argv.slice(2);
if (folder === undefined || database === undefined || tables === undefined)
  throw new Error("usage: duckdb-parts.ts FOLDER DATABASE TABLES");

const parts = (await readReceipts(folder)).flatMap((receipt) => receipt.parts);
const instance = await DuckDBInstance.create(database);
const waiting = Object.keys(SHOP_TABLES);

async function load(): Promise<void> {
  const connection = await instance.connect();
  await connection.run("SET preserve_insertion_order = false; SET TimeZone = 'UTC'");
  for (let type = waiting.shift(); type !== undefined; type = waiting.shift()) {
    const files = parts.filter((part) => part.types[0]?.event_type === type);
    const columns = readColumns([type], { _lr_source: "VARCHAR", _lr_line: "BIGINT" });
    const list = files.map(({ key }) => quoted(join(folder!, key))).join(", ");
    await connection.run(
      `CREATE TABLE ${name(type)} AS SELECT ${selectList(type, ["_lr_source", "_lr_line"])}
       FROM read_json([${list}], format = 'newline_delimited', columns = ${columns}, maximum_object_size = 8000000)`,
    );
  }
  connection.closeSync();
}

await Promise.all(Array.from({ length: Number(tables) }, load));
instance.closeSync();
