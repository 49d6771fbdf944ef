// Typed tables by hand in DuckDB's SQL, every column declared (shop-tables.ts): `node duckdb-declared.ts scan|tables|passes FILE.gz DATABASE`.
// scan: one scan of the file into one table, the typed union of all members, with a view an event type: the least that makes it queryable.
// tables: the same, then a table an event type. passes: one scan of the file for each event type's table.
import { DuckDBInstance } from "@duckdb/node-api";
import { name, quoted, readColumns, selectList, SHOP_TABLES } from "./shop-tables.ts";

const [way, file, database] = process.argv.slice(2);
if (file === undefined || database === undefined || !["scan", "tables", "passes"].includes(way!))
  throw new Error("usage: duckdb-declared.ts scan|tables|passes FILE.gz DATABASE");

const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
await connection.run("SET preserve_insertion_order = false; SET TimeZone = 'UTC'");

const types = Object.keys(SHOP_TABLES);
const read = (of: readonly string[]): string =>
  `read_json(${quoted(file)}, format = 'newline_delimited', columns = ${readColumns(of)}, maximum_object_size = 8000000)`;

if (way !== "passes") {
  const kind = way === "scan" ? "TABLE" : "TEMP TABLE";
  await connection.run(`CREATE ${kind} everything AS SELECT * FROM ${read(types)}`);
}
for (const type of types) {
  const kind = way === "scan" ? "VIEW" : "TABLE";
  const source = way === "passes" ? read([type]) : "everything";
  await connection.run(
    `CREATE ${kind} ${name(type)} AS SELECT ${selectList(type)} FROM ${source} WHERE event = ${quoted(type)}`,
  );
}
connection.closeSync();
instance.closeSync();
