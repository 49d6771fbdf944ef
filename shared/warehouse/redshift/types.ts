// The one mapping from the project's column types to Redshift's, and which encoding a column is made with.
import { RouterError } from "../../errors/router-error.ts";
import { parseColumnType } from "../../schema/column-types.ts";
import type { ColumnType } from "../../schema/types.ts";

const HASH_BYTES = 64;

export function sqlType(type: ColumnType): string {
  const { name, bytes, precision, scale } = parseColumnType(type);
  switch (name) {
    case "integer":
      return "BIGINT";
    case "double":
      return "DOUBLE PRECISION";
    case "boolean":
      return "BOOLEAN";
    case "timestamp":
      return "TIMESTAMP";
    case "timestamptz":
    case "epoch_seconds":
    case "epoch_milliseconds":
      return "TIMESTAMPTZ";
    case "date":
      return "DATE";
    case "json":
      return "SUPER";
    case "hash":
      return `VARCHAR(${HASH_BYTES})`;
    case "decimal":
      return `DECIMAL(${precision},${scale})`;
    case "string":
      return `VARCHAR(${bytes})`;
  }
}

/** A column of that type can be a sort key or a distribution key. */
export function canBeKey(type: ColumnType): boolean {
  return type !== "json";
}

/** Strings are encoded explicitly, because BYTEDICT, TEXT255 and their like, which Redshift might choose, cannot be widened. */
export function columnEncoding(type: ColumnType, ofStrings: string): string {
  return parseColumnType(type).name === "string" ? ` ENCODE ${ofStrings.toUpperCase()}` : "";
}

/** The column type that a text of the catalog says. */
export function asColumnType(text: string): ColumnType {
  try {
    parseColumnType(text);
  } catch (cause) {
    throw new RouterError("WAREHOUSE_FAILED", `the catalog has a column type that is unknown here: ${text}`, {
      details: { type: text },
      cause,
    });
  }
  return text as ColumnType;
}
