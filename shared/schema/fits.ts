// The truth about one value and one column type, for every warehouse: a value fits only if the column read back gives the same JSON value
// (DESIGN.md 4). SQL of a warehouse that says otherwise is wrong; test/fixtures/cases runs this through each of them.
import { createHash } from "node:crypto";
import { MAX_DEPTH, MAX_STRING_BYTES } from "../contracts/words.ts";
import { classifyNumber, isStorable } from "../shape/classify.ts";
import { type ParsedType, parseColumnType } from "./column-types.ts";
import { digitCounts, fitsDouble, fromUnits, parseDecimal, toUnits } from "./decimal.ts";
import {
  exactFrom,
  type ExactJson,
  ExactNumber,
  formatExact,
  isExactArray,
  isExactObject,
  parseExact,
} from "./exact-json.ts";
import { kindOf } from "./kinds.ts";
import {
  FIRST_INSTANT,
  formatInstant,
  type Instant,
  LAST_INSTANT,
  parseInstant,
  parseReadBack,
} from "./timestamps.ts";
import type { ColumnType } from "./types.ts";

/**
 * `stored`: what the column gives back, as JSON text (timestamps in one form: `T`, no trailing zeros, `Z`). `absent`: null or an object with
 * nothing in it, equal to a missing member, so that there is nothing to store. `no fit`: it belongs into a sibling column or the rescue column.
 */
export type StoreResult = { readonly stored: string } | "absent" | "no fit";

/** What becomes of the JSON value `jsonText` in a column of `type`. The value is one that a part line may have, without equal keys. */
export function storeValue(type: ColumnType, jsonText: string): StoreResult {
  return storerOf(type)(parseExact(jsonText));
}

/** As `storeValue`, for many values of one type that are parsed already. */
export function storerOf(type: ColumnType): (value: ExactJson) => StoreResult {
  const parsed = parseColumnType(type);
  return (value) => {
    if (isAbsent(value)) return "absent";
    if (!isLoadable(value, 1)) return "no fit";
    const stored = storeLoadable(parsed, value);
    return stored === undefined ? "no fit" : { stored };
  };
}

/**
 * The JSON value that a column's value stands for. Takes what drivers give: numbers and decimals also as text, json also as text, timestamps
 * in any form; an epoch column gives its number again. A hash stands for nothing (null).
 */
export function readBack(type: ColumnType, value: unknown): ExactJson {
  const exact = exactFrom(value);
  if (exact === null) return null;
  const { name } = parseColumnType(type);
  if (name === "hash") return null;
  if (typeof exact !== "string" || name === "string") return exact;
  if (name === "json") return parseExact(exact);
  if (name === "integer" || name === "double" || name === "decimal") return new ExactNumber(exact);
  const instant = parseReadBack(exact);
  if (!instant) return exact;
  if (name === "epoch_seconds") return new ExactNumber(fromUnits(instant.micros, 6));
  if (name === "epoch_milliseconds") return new ExactNumber(fromUnits(instant.micros, 3));
  // A driver's Date has a zone even where the column has none.
  return formatInstant(name === "timestamp" || name === "date" ? { ...instant, kind: name } : instant);
}

/** True for null, and for objects that have nothing but such members. */
export function isAbsent(value: ExactJson): boolean {
  return value === null || (isExactObject(value) && [...value.values()].every(isAbsent));
}

function storeLoadable(type: ParsedType, value: ExactJson): string | undefined {
  switch (type.name) {
    case "hash":
      return JSON.stringify(createHash("sha256").update(hashText(value), "utf8").digest("hex"));
    case "json":
      return isExactObject(value) || isExactArray(value) ? formatExact(value) : undefined;
    case "boolean":
      return typeof value === "boolean" ? String(value) : undefined;
    case "string":
      return typeof value === "string" && Buffer.byteLength(value) <= type.bytes
        ? JSON.stringify(value)
        : undefined;
    case "timestamp":
    case "timestamptz":
    case "date":
      return typeof value === "string" ? storeInstant(parseInstant(value), type.name) : undefined;
    case "integer":
    case "double":
    case "decimal":
    case "epoch_seconds":
    case "epoch_milliseconds":
      break;
  }
  return value instanceof ExactNumber ? storeNumber(type, value.text) : undefined;
}

function storeInstant(instant: Instant | undefined, kind: Instant["kind"]): string | undefined {
  return instant?.kind === kind ? JSON.stringify(formatInstant(instant)) : undefined;
}

function storeNumber(type: ParsedType, text: string): string | undefined {
  if (type.name === "integer") return isInteger(text) ? String(BigInt(text)) : undefined;
  if (type.name === "double") return fitsDouble(text) ? String(Number(text)) : undefined;
  const decimal = parseDecimal(text)!;
  if (type.name === "decimal") {
    const { integer, scale } = digitCounts(decimal);
    if (integer > type.precision - type.scale || scale > type.scale) return undefined;
    return fromUnits(toUnits(decimal, type.scale)!, type.scale);
  }
  const micros = toUnits(decimal, type.name === "epoch_seconds" ? 6 : 3);
  if (micros === undefined || micros < FIRST_INSTANT || micros > LAST_INSTANT) return undefined;
  return JSON.stringify(formatInstant({ kind: "timestamptz", micros }));
}

function isInteger(text: string): boolean {
  return classifyNumber(text).kind === "integer";
}

/** Strings hash as they are, so that a hash made elsewhere is the same; everything else as its JSON text. */
function hashText(value: ExactJson): string {
  if (typeof value === "string") return value;
  if (value instanceof ExactNumber && isInteger(value.text)) return String(BigInt(value.text));
  return formatExact(value);
}

/** What the splitter lets into part lines as it is: exact numbers, strings of at most 65,535 bytes without NUL and lone surrogates. */
function isLoadable(value: ExactJson, depth: number): boolean {
  if (typeof value === "string") return isLoadableText(value);
  if (value instanceof ExactNumber) return kindOf(value) !== undefined;
  if (isExactObject(value)) {
    return (
      depth < MAX_DEPTH &&
      [...value].every(([key, member]) => isLoadableText(key) && isLoadable(member, depth + 1))
    );
  }
  if (isExactArray(value))
    return depth < MAX_DEPTH && value.every((element) => isLoadable(element, depth + 1));
  return true;
}

function isLoadableText(text: string): boolean {
  return isStorable(text) && Buffer.byteLength(text) <= MAX_STRING_BYTES;
}
