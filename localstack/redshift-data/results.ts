// A PostgreSQL result → the Data API's fields. Rows without an ORDER BY come in no order: shuffled, so that nobody relies on one.
import type pg from "pg";
import { randomInt } from "node:crypto";
import { fullName } from "./sql/identifiers.ts";
import { SqlError } from "./sql/sql-error.ts";
import type { ApiField, ResultSet } from "./statements.ts";

const TYPES: Readonly<Record<number, string>> = {
  16: "bool", 20: "int8", 21: "int2", 23: "int4", 700: "float4", 701: "float8", 1043: "varchar", 25: "varchar", 1082: "date",
  1114: "timestamp", 1184: "timestamptz", 1700: "numeric", 3802: "super", 19: "name",
}; // prettier-ignore

/** "Packet for query is too large": a row of a result has 64 KB at the most. */
const MAX_ROW_BYTES = 65_536;

export function toResultSet(result: pg.QueryResult, ordered: boolean): ResultSet {
  const types = result.fields.map((field) => TYPES[field.dataTypeID] ?? "varchar");
  const rows = result.rows as (string | null)[][];
  for (const row of rows) {
    const bytes = row.reduce((sum, value) => sum + (value === null ? 0 : Buffer.byteLength(value)), 0);
    if (bytes > MAX_ROW_BYTES)
      throw new SqlError(`Packet for query is too large (${bytes} > ${MAX_ROW_BYTES})`);
  }
  return {
    columns: result.fields.map((field, index) => ({ name: fullName(field.name), typeName: types[index]! })),
    records: (ordered ? rows : shuffled(rows)).map((row) =>
      row.map((value, index) => toField(value, types[index]!)),
    ),
  };
}

function toField(value: string | null, type: string): ApiField {
  if (value === null) return { isNull: true };
  if (type === "bool") return { booleanValue: value === "t" || value === "true" };
  if (type.startsWith("int")) return { longValue: Number(value) };
  if (type.startsWith("float")) return { doubleValue: Number(value) };
  return { stringValue: value };
}

function shuffled<T>(rows: readonly T[]): T[] {
  const mixed = [...rows];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1);
    [mixed[at], mixed[other]] = [mixed[other]!, mixed[at]!];
  }
  return mixed;
}
