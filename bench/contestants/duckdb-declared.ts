// Typed tables by hand in DuckDB's SQL, every column declared (shop-tables.ts): `node duckdb-declared.ts scan|passes FILE.gz DATABASE`.
// scan: one scan of the file over the typed union of all members, then a table an event type from it. passes: one scan an event type.
import { DuckDBInstance } from "@duckdb/node-api";
import { name, quoted, readColumns, selectList, SHOP_TABLES } from "./shop-tables.ts";

const [way, file, database] = process.argv.slice(2);
if (file === undefined || database === undefined || (way !== "scan" && way !== "passes"))
  throw new Error("usage: duckdb-declared.ts scan|passes FILE.gz DATABASE");

const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
await connection.run("SET preserve_insertion_order = false; SET TimeZone = 'UTC'");

const types = Object.keys(SHOP_TABLES);
const read = (of: readonly string[]): string =>
  `read_json(${quoted(file)}, format = 'newline_delimited', columns = ${readColumns(of)}, maximum_object_size = 8000000)`;

if (way === "scan") await connection.run(`CREATE TEMP TABLE everything AS SELECT * FROM ${read(types)}`);
for (const type of types) {
  const source = way === "scan" ? "everything" : read([type]);
  await connection.run(
    `CREATE TABLE ${name(type)} AS SELECT ${selectList(type)} FROM ${source} WHERE event = ${quoted(type)}`,
  );
}
connection.closeSync();
instance.closeSync();
