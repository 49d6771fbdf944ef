// DuckDB's own way: `node bench/contestants/duckdb-partition.ts FILE.gz FOLDER`. Every line is read and validated as JSON, the event type
// taken out of it, and COPY … PARTITION_BY writes the lines as they are into one folder an event type.
import { DuckDBInstance } from "@duckdb/node-api";

const [source, folder] = process.argv.slice(2);
if (source === undefined || folder === undefined)
  throw new Error("usage: duckdb-partition.ts FILE.gz FOLDER");

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
await connection.run(
  `COPY (
     SELECT json::VARCHAR AS line, json->>'event' AS event
     FROM read_ndjson_objects(${quoted(source)}, ignore_errors = true, maximum_object_size = 8000000)
   ) TO ${quoted(folder)} (
     FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE '', COMPRESSION zstd,
     PARTITION_BY (event), OVERWRITE_OR_IGNORE, FILE_EXTENSION 'ndjson.zst'
   )`,
);
connection.closeSync();
instance.closeSync();
