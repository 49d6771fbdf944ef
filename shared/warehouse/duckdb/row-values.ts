// Taking a query's row apart: a column that is not what the query says is a defect of ours, told by name.
import { RouterError } from "../../errors/router-error.ts";
import type { Row } from "./session.ts";

function wrong(row: Row, column: string, wanted: string): RouterError {
  const found = row[column] === null ? "null" : typeof row[column];
  return new RouterError("INTERNAL", `column ${column} of a query should be ${wanted}, it is ${found}`);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw wrong(row, column, "a text");
  return value;
}

export function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column);
}

/** BIGINT and HUGEINT (sums) arrive as bigint; counts stay far below 2^53. */
export function count(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "bigint" && typeof value !== "number") throw wrong(row, column, "a number");
  return Number(value);
}

export function time(row: Row, column: string): Date {
  const value = row[column];
  if (!(value instanceof Date)) throw wrong(row, column, "a time");
  return value;
}

export function flag(row: Row, column: string): boolean {
  const value = row[column];
  if (typeof value !== "boolean") throw wrong(row, column, "a truth value");
  return value;
}

/** One of a closed set of texts. */
export function oneOf<T extends string>(row: Row, column: string, values: readonly T[]): T {
  const found = values.find((value) => value === row[column]);
  if (found === undefined) throw wrong(row, column, `one of ${values.join(", ")}`);
  return found;
}
