// What a shape proves about a column: which of the kinds seen at a path it holds. The rules for single values are in fits.ts; a property
// test holds the two together.
import type { ShapeJson } from "../contracts/shape.ts";
import { integersFitDouble, type ParsedType, parseColumnType } from "./column-types.ts";
import { countOf, scalarKinds, type StoredKind } from "./kinds.ts";
import { TIME_BYTES } from "./timestamps.ts";
import type { ColumnType } from "./types.ts";

/**
 * How much of a kind a column holds. `direct`: every value, also through a bulk load. `checked`: every value, when each is checked or
 * computed on the way (staged). `partly`: perhaps not every value. `none`: no value.
 */
export type Hold = "direct" | "checked" | "partly" | "none";

/** Bulk loads may pass decimals through a double, which is exact for so many digits (DESIGN.md 4). */
const DIRECT_DECIMAL_DIGITS = 15;
/** Whole seconds with so many digits are within the years 0001–9999 on either side of 1970. */
const EPOCH_SECOND_DIGITS = 10;

export function holdOf(type: ColumnType, kind: StoredKind, shape: ShapeJson): Hold {
  const parsed = parseColumnType(type);
  switch (parsed.name) {
    case "hash":
      return "checked";
    case "json":
      return kind === "object" || kind === "array" ? "direct" : "none";
    case "double":
      if (kind === "float") return "direct";
      if (kind !== "integer") return "none";
      return integersFitDouble(shape) ? "direct" : "partly";
    case "decimal":
      return decimalHold(parsed, kind, shape);
    case "string":
      return stringHold(parsed.bytes, kind, shape);
    case "epoch_seconds":
      return epochHold(6, EPOCH_SECOND_DIGITS, kind, shape);
    case "epoch_milliseconds":
      return epochHold(3, EPOCH_SECOND_DIGITS + 3, kind, shape);
    case "integer":
    case "boolean":
    case "timestamptz":
    case "timestamp":
    case "date":
      break;
  }
  return kind === parsed.name ? "direct" : "none";
}

/** True when the shape proves that the column holds every value seen here (members of objects aside, unless the column is json). */
export function shapeFits(type: ColumnType, shape: ShapeJson): boolean {
  const kinds: StoredKind[] = [...scalarKinds(shape)];
  if (countOf(shape, "array") > 0) kinds.push("array");
  if (countOf(shape, "object") > 0) kinds.push("object");
  return kinds.every((kind) => isHeld(holdOf(type, kind, shape)));
}

export function isHeld(hold: Hold): boolean {
  return hold === "direct" || hold === "checked";
}

function decimalHold({ precision, scale }: ParsedType, kind: StoredKind, shape: ShapeJson): Hold {
  const digits = numberDigits(kind, shape);
  if (!digits) return "none";
  if (digits.integer > precision - scale || digits.scale > scale) return "partly";
  return digits.significant <= DIRECT_DECIMAL_DIGITS ? "direct" : "checked";
}

function stringHold(bytes: number, kind: StoredKind, shape: ShapeJson): Hold {
  if (kind === "string") return (shape.string?.bytes ?? 0) <= bytes ? "direct" : "partly";
  if (kind !== "timestamptz" && kind !== "timestamp" && kind !== "date") return "none";
  return TIME_BYTES[kind] <= bytes ? "direct" : "partly";
}

/** Epoch columns compute: a number of seconds or milliseconds, to the microsecond, within the years 0001–9999. */
function epochHold(scale: number, integerDigits: number, kind: StoredKind, shape: ShapeJson): Hold {
  const digits = numberDigits(kind, shape);
  if (!digits) return "none";
  return digits.integer <= integerDigits && digits.scale <= scale ? "checked" : "partly";
}

/** The most digits seen of each, for integers and floats. */
function numberDigits(
  kind: StoredKind,
  shape: ShapeJson,
): { integer: number; scale: number; significant: number } | undefined {
  if (kind === "float" && shape.float) {
    const { integer_digits, scale, significant_digits } = shape.float;
    return { integer: integer_digits, scale, significant: significant_digits };
  }
  if (kind !== "integer" || !shape.integer) return undefined;
  const longest = Math.max(...[shape.integer.min, shape.integer.max].map((n) => n.replace("-", "").length));
  return { integer: longest, scale: 0, significant: longest };
}
