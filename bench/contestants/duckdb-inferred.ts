// What a person would do with DuckDB alone: `node bench/contestants/duckdb-inferred.ts FILE.gz DATABASE`. The file is read once; each event type gets a
// table whose typed columns DuckDB's own structure detection gives, nested objects unnested into columns. There is no accounting, no
// quarantine (bad lines are left out silently), nothing is kept that does not fit, and a second run would load everything twice.
import { DuckDBInstance } from "@duckdb/node-api";

const [file, database] = process.argv.slice(2);
if (file === undefined || database === undefined)
  throw new Error("usage: duckdb-inferred.ts FILE.gz DATABASE");

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const name = (text: string): string => `"${text.replaceAll('"', '""')}"`;

const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
await connection.run("SET preserve_insertion_order = false");
await connection.run(
  `CREATE TEMP TABLE raw AS SELECT json, json->>'event' AS event
   FROM read_ndjson_objects(${quoted(file)}, ignore_errors = true, maximum_object_size = 8000000)`,
);
const structures = await connection.runAndReadAll(
  "SELECT event, json_group_structure(json)::VARCHAR FROM raw WHERE event IS NOT NULL GROUP BY event ORDER BY event",
);
for (const [event, structure] of structures.getRows()) {
  const type = String(event);
  await connection.run(
    `CREATE TABLE ${name(type)} AS
     SELECT unnest(from_json(json, ${quoted(String(structure))}), recursive := true) FROM raw WHERE event = ${quoted(type)}`,
  );
}
connection.closeSync();
instance.closeSync();
