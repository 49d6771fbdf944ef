// Column types as text: taking apart, comparing, and the first type for the kinds seen at a path.
import type { ShapeJson } from "../contracts/shape.ts";
import { RouterError } from "../errors/router-error.ts";
import { MAX_SAFE_DOUBLE_INTEGER } from "./decimal.ts";
import { isTextKind, type ScalarKind, SCALAR_KINDS, type StoredKind } from "./kinds.ts";
import { TIME_BYTES } from "./timestamps.ts";
import type { ColumnType } from "./types.ts";

/** Bytes of UTF-8 that string columns are made for; the last is the most that any warehouse takes. */
export const STRING_STEPS = [256, 1024, 4096, 16_384, 65_535] as const;

const PLAIN_TYPES = [
  "integer",
  "double",
  "boolean",
  "timestamp",
  "timestamptz",
  "date",
  "json",
  "hash",
  "epoch_seconds",
  "epoch_milliseconds",
] as const;

export type TypeName = (typeof PLAIN_TYPES)[number] | "decimal" | "string";

/** A column type taken apart. */
export interface ParsedType {
  readonly name: TypeName;
  /** string(n): most bytes. */
  readonly bytes: number;
  /** decimal(p,s): all digits, and digits behind the point. */
  readonly precision: number;
  readonly scale: number;
}

const WITH_LIMITS = /^(?:string\((\d{1,5})\)|decimal\((\d{1,2}),(\d{1,2})\))$/;

/** Throws CONFIG_INVALID for a text that is no column type, or one beyond the limits: string 1–65,535 bytes, decimal 1–38 digits, 37 behind the point. */
export function parseColumnType(text: string): ParsedType {
  const plain = PLAIN_TYPES.find((name) => name === text);
  if (plain) return { name: plain, bytes: 0, precision: 0, scale: 0 };
  const [, bytes, precision, scale] = (WITH_LIMITS.exec(text) ?? []).map(Number);
  const isString = bytes !== undefined && bytes >= 1 && bytes <= STRING_STEPS.at(-1)!;
  if (isString) return { name: "string", bytes, precision: 0, scale: 0 };
  if (precision === undefined || scale === undefined || !isDecimal(precision, scale)) {
    throw new RouterError("CONFIG_INVALID", `${JSON.stringify(text)} is no column type`, {
      details: { type: text },
    });
  }
  return { name: "decimal", bytes: 0, precision, scale };
}

function isDecimal(precision: number, scale: number): boolean {
  return precision >= 1 && precision <= 38 && scale <= Math.min(precision, 37);
}

/** The type without its limits: what a sibling column's name ends in. */
export function typeName(type: ColumnType): TypeName {
  return parseColumnType(type).name;
}

/** The smallest step that holds `bytes`, or undefined beyond 65,535. */
export function stringType(bytes: number): ColumnType | undefined {
  const step = STRING_STEPS.find((step) => bytes <= step);
  return step === undefined ? undefined : `string(${step})`;
}

/** Bytes that a string column needs for the given kinds of a shape. */
export function textBytes(shape: ShapeJson, kinds: Iterable<StoredKind>): number {
  let bytes = 0;
  for (const kind of kinds) {
    if (kind === "string") bytes = Math.max(bytes, shape.string?.bytes ?? 0);
    else if (kind === "timestamptz" || kind === "timestamp" || kind === "date") {
      bytes = Math.max(bytes, TIME_BYTES[kind]);
    }
  }
  return bytes;
}

/** True when every integer seen is within ±2^53, so that a double holds it. */
export function integersFitDouble(shape: ShapeJson): boolean {
  if (!shape.integer) return true;
  const { min, max } = shape.integer;
  return BigInt(min) >= -MAX_SAFE_DOUBLE_INTEGER && BigInt(max) <= MAX_SAFE_DOUBLE_INTEGER;
}

/**
 * The columns that hold the given kinds of a shape when there is none yet, in the order of their names (docs/types.md): integers and floats
 * share a double when every integer is within ±2^53; strings take timestamps and dates with them; arrays and objects kept whole share a
 * json. A string over 65,535 bytes gets none.
 */
export function firstTypes(shape: ShapeJson, kinds: ReadonlySet<StoredKind>): readonly ColumnType[] {
  const types: ColumnType[] = [];
  const oneDouble = kinds.has("integer") && kinds.has("float") && integersFitDouble(shape);
  for (const kind of SCALAR_KINDS.filter((kind) => kinds.has(kind))) {
    if (kind === "integer" && oneDouble) continue;
    if (kind !== "string" && isTextKind(kind) && kinds.has("string")) continue;
    const type = kind === "string" ? stringType(textBytes(shape, kinds)) : FIRST_TYPE[kind];
    if (type) types.push(type);
  }
  if (kinds.has("object") || kinds.has("array")) types.push("json");
  return types;
}

const FIRST_TYPE: Readonly<Record<Exclude<ScalarKind, "string">, ColumnType>> = {
  integer: "integer",
  float: "double",
  boolean: "boolean",
  timestamptz: "timestamptz",
  timestamp: "timestamp",
  date: "date",
};
