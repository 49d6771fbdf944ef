// DuckDB's driver decodes texts with a TextDecoder that drops a byte-order mark at the start: a value, a key or an event type that begins
// with U+FEFF would come back another. Its decoder is a property of this module of its own (1.5.6); the cases table fails if it moves.
import accessors from "@duckdb/node-api/lib/vectors/dataAccessors.js";

/** Makes texts read through the driver in this process come back whole. Before the first query. */
export function keepByteOrderMarks(): void {
  Reflect.set(accessors, "textDecoder", new TextDecoder("utf-8", { ignoreBOM: true }));
}
