// Taking a result's row apart: a value that is not what the query says is a defect of ours, told by position.
import { RouterError } from "../../errors/router-error.ts";
import type { Row } from "./data-api.ts";

function wrong(row: Row, at: number, wanted: string): RouterError {
  const found = row[at] === null ? "null" : typeof row[at];
  return new RouterError("INTERNAL", `column ${at + 1} of a query should be ${wanted}, it is ${found}`);
}

export function text(row: Row, at: number): string {
  const value = row[at];
  if (typeof value !== "string") throw wrong(row, at, "a text");
  return value;
}

export function optionalText(row: Row, at: number): string | undefined {
  return row[at] === null ? undefined : text(row, at);
}

/** Counts stay far below 2^53. Sums come as NUMERIC, and so as text. */
export function count(row: Row, at: number): number {
  const value = Number(row[at] ?? Number.NaN);
  if (!Number.isSafeInteger(value)) throw wrong(row, at, "a whole number");
  return value;
}

/** TIMESTAMPTZ in a session in UTC: `2026-01-05 08:00:00.123456+00`. */
export function time(row: Row, at: number): Date {
  const date = new Date(
    text(row, at)
      .replace(" ", "T")
      .replace(/(\.\d{3})\d*/, "$1")
      .replace(/\+00(:00)?$/, "Z"),
  );
  if (Number.isNaN(date.getTime())) throw wrong(row, at, "a time");
  return date;
}

export function flag(row: Row, at: number): boolean {
  const value = row[at];
  if (typeof value !== "boolean") throw wrong(row, at, "a truth value");
  return value;
}

/** One of a closed set of texts. */
export function oneOf<T extends string>(row: Row, at: number, values: readonly T[]): T {
  const found = values.find((value) => value === row[at]);
  if (found === undefined) throw wrong(row, at, `one of ${values.join(", ")}`);
  return found;
}
