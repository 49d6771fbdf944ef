// The FROM clause that reads part files. Everything is said explicitly: nothing is sniffed, guessed from names or skipped.
import { MAX_LINE_BYTES } from "../../contracts/words.ts";
import { quoteLiteral } from "../sql/quote.ts";

export type PartCompression = "zstd" | "gzip";

/** Room for a line and the splitter's members around it. DuckDB's own default is 16 MiB a line, and two such buffers a thread. */
const MAX_OBJECT_BYTES = 2 * MAX_LINE_BYTES;

const options = (compression: PartCompression): string =>
  [
    "format = 'newline_delimited'",
    `compression = '${compression}'`,
    `maximum_object_size = ${MAX_OBJECT_BYTES}`,
    "hive_partitioning = false",
    "ignore_errors = false",
  ].join(", ");

/** Typed members: `columns` maps keys to DuckDB types. The file paths are the list parameter `$files`. */
export function readTyped(compression: PartCompression, columns: ReadonlyMap<string, string>): string {
  const list = [...columns].map(([key, type]) => `${quoteLiteral(key)}: ${quoteLiteral(type)}`).join(", ");
  return `read_json($files, ${options(compression)}, records = true, columns = {${list}})`;
}

/** Whole lines as JSON text exactly as they stand in the part: one column, `json`. */
export function readWhole(compression: PartCompression): string {
  return `read_ndjson_objects($files, ${options(compression)})`;
}
