// The one mapping from the project's column types to DuckDB's.
import { RouterError } from "../../errors/router-error.ts";
import type { ColumnType } from "../../schema/types.ts";

const SQL_TYPES: Readonly<Record<string, string>> = {
  integer: "BIGINT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
  timestamp: "TIMESTAMP",
  timestamptz: "TIMESTAMPTZ",
  date: "DATE",
  json: "JSON",
  hash: "VARCHAR",
  epoch_seconds: "TIMESTAMPTZ",
  epoch_milliseconds: "TIMESTAMPTZ",
};

/** Precision and scale of `decimal(p,s)`, or undefined when the type is another. */
export function decimalType(type: ColumnType): { precision: number; scale: number } | undefined {
  const match = /^decimal\((\d+),(\d+)\)$/.exec(type);
  return match ? { precision: Number(match[1]), scale: Number(match[2]) } : undefined;
}

/** Bytes of `string(n)`, or undefined when the type is another. */
export function stringBytes(type: ColumnType): number | undefined {
  const match = /^string\((\d+)\)$/.exec(type);
  return match ? Number(match[1]) : undefined;
}

function isColumnType(text: string): text is ColumnType {
  return Object.hasOwn(SQL_TYPES, text) || /^(decimal\(\d+,\d+\)|string\(\d+\))$/.test(text);
}

/** The column type that a text of the catalog says. */
export function asColumnType(text: string): ColumnType {
  if (isColumnType(text)) return text;
  throw new RouterError("WAREHOUSE_FAILED", `the catalog has a column type that is unknown here: ${text}`, {
    details: { type: text },
  });
}

/**
 * DuckDB's type for a column. `string(n)` is VARCHAR without a length: DuckDB does not enforce lengths, the plan and the checked casts do.
 */
export function sqlType(type: ColumnType): string {
  const plain = Object.hasOwn(SQL_TYPES, type) ? SQL_TYPES[type] : undefined;
  if (plain !== undefined) return plain;
  if (stringBytes(type) !== undefined) return "VARCHAR";
  const decimal = decimalType(type);
  if (decimal) return `DECIMAL(${decimal.precision},${decimal.scale})`;
  throw new RouterError("INTERNAL", `no DuckDB type for ${type}`);
}
