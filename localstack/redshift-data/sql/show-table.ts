// SHOW TABLE: the statement that creates the table, from what its columns' notes say.
import type { Reader } from "./reader.ts";
import { quoteString, quoteTable, readTableName } from "./identifiers.ts";

/** The query for PostgreSQL, of one row; `reader` stands behind SHOW TABLE. */
export function showTable(reader: Reader): string {
  const table = readTableName(reader);
  reader.end();
  return `SELECT rs.show_table(${quoteString(quoteTable(table))}::regclass)`;
}
