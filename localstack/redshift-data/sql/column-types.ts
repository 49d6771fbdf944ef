// Redshift's column types: which there are, their limits, and what stands for each in PostgreSQL.
import type { Reader } from "./reader.ts";
import { SqlError } from "./sql-error.ts";

export type RedshiftType =
  | {
      readonly kind:
        | "smallint"
        | "integer"
        | "bigint"
        | "real"
        | "double precision"
        | "boolean"
        | "date"
        | "timestamp"
        | "timestamptz"
        | "super";
    }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "varchar" | "char"; readonly bytes: number };

const WORDS: Readonly<Record<string, RedshiftType["kind"]>> = {
  smallint: "smallint", int2: "smallint", integer: "integer", int: "integer", int4: "integer", bigint: "bigint", int8: "bigint",
  real: "real", float4: "real", float8: "double precision", float: "double precision", boolean: "boolean", bool: "boolean",
  date: "date", timestamptz: "timestamptz", super: "super", decimal: "decimal", numeric: "decimal", varchar: "varchar",
  nvarchar: "varchar", text: "varchar", char: "char", nchar: "char", bpchar: "char",
}; // prettier-ignore

/** VARCHAR without a length, and TEXT, are 256 bytes. */
const DEFAULT_VARCHAR = 256;
const MAX_VARCHAR = 65_535;
const MAX_CHAR = 4_096;

/** Reads a type; anything that Redshift does not have is refused. */
export function readType(reader: Reader): RedshiftType {
  const token = reader.next();
  const word = token.kind === "word" ? token.text : "";
  if (word === "double") {
    reader.expect("precision");
    return { kind: "double precision" };
  }
  if (word === "timestamp") return readTimestamp(reader);
  if (word === "character") return readText(reader.accept("varying") ? "varchar" : "char", word, reader);
  const kind = WORDS[word];
  if (kind === undefined) throw new SqlError(`type "${token.text}" does not exist`);
  if (kind === "decimal") return readDecimal(reader);
  if (kind === "varchar" || kind === "char") return readText(kind, word, reader);
  return { kind };
}

function readTimestamp(reader: Reader): RedshiftType {
  if (reader.accept("with", "time", "zone")) return { kind: "timestamptz" };
  reader.accept("without", "time", "zone");
  return { kind: "timestamp" };
}

function readDecimal(reader: Reader): RedshiftType {
  let precision = 18;
  let scale = 0;
  if (reader.accept("(")) {
    precision = reader.integer();
    if (reader.accept(",")) scale = reader.integer();
    reader.expect(")");
  }
  if (precision < 1 || precision > 38)
    throw new SqlError(`DECIMAL precision ${precision} must be between 1 and 38`);
  if (scale > precision || scale > 37)
    throw new SqlError(`DECIMAL scale ${scale} must be between 0 and precision ${precision}`);
  return { kind: "decimal", precision, scale };
}

function readText(kind: "varchar" | "char", word: string, reader: Reader): RedshiftType {
  let bytes = kind === "varchar" ? DEFAULT_VARCHAR : 1;
  const most = kind === "varchar" ? MAX_VARCHAR : MAX_CHAR;
  if (word !== "text" && reader.accept("(")) {
    bytes = reader.accept("max") ? most : reader.integer();
    reader.expect(")");
  }
  if (bytes < 1 || bytes > most) throw new SqlError(`length for type ${kind} must be between 1 and ${most}`);
  return { kind, bytes };
}

/** The type in PostgreSQL. The byte limits of text are CHECK constraints of their own (ddl). */
export function pgType(type: RedshiftType): string {
  if (type.kind === "decimal") return `numeric(${type.precision},${type.scale})`;
  if (type.kind === "varchar" || type.kind === "char") return "text";
  if (type.kind === "super") return "jsonb";
  return type.kind;
}

/** As Redshift's catalog views spell it. */
export function typeText(type: RedshiftType): string {
  if (type.kind === "decimal") return `numeric(${type.precision},${type.scale})`;
  if (type.kind === "varchar") return `character varying(${type.bytes})`;
  if (type.kind === "char") return `character(${type.bytes})`;
  if (type.kind === "timestamp") return "timestamp without time zone";
  if (type.kind === "timestamptz") return "timestamp with time zone";
  return type.kind;
}

/** As the load error views spell it, in ten characters. */
export function shortType(type: RedshiftType): string {
  const short: Partial<Record<RedshiftType["kind"], string>> = {
    smallint: "int2",
    integer: "int4",
    bigint: "int8",
    real: "float4",
    "double precision": "float8",
    boolean: "bool",
    decimal: "numeric",
    timestamptz: "timestampt",
  };
  return short[type.kind] ?? type.kind;
}
