// The shape of documents, given as JSON texts, by a way of its own: walks parsed values and knows nothing of shared/shape's reader.
import type { ShapeJson } from "../../../shared/contracts/shape.ts";
import { digitCounts, parseDecimal } from "../../../shared/schema/decimal.ts";
import { type ExactJson, ExactNumber, isExactObject, parseExact } from "../../../shared/schema/exact-json.ts";
import { kindOf } from "../../../shared/schema/kinds.ts";
import { wireKey } from "../../../shared/shape/shape-json.ts";

/** Distinct keys that an object's shape lists, at any depth. */
export const KEYS = 20;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Shape of values, all standing at one path; of documents, when they are objects. Values that are not exact are left out. */
export function shapeOf(jsonTexts: readonly string[], keys = KEYS): ShapeJson {
  return shapeOfValues(
    jsonTexts.map((text) => parseExact(text)),
    keys,
  );
}

function shapeOfValues(values: readonly ExactJson[], keys: number): ShapeJson {
  const shape: Mutable<ShapeJson> = {};
  for (const value of values) {
    const kind = kindOf(value);
    if (kind === undefined) continue;
    if (kind === "integer" || kind === "float" || kind === "string") addLimits(shape, kind, value);
    else shape[kind] = (shape[kind] ?? 0) + 1;
  }
  const objects = values.filter(isExactObject);
  const members = Map.groupBy(
    objects.flatMap((object) => [...object]),
    ([key]) => key,
  );
  if (members.size > keys) return { ...shape, whole: true };
  if (members.size === 0) return shape;
  const listed = [...members].map(([key, pairs]): [string, ShapeJson] => [
    wireKey(key),
    shapeOfValues(
      pairs.map(([, value]) => value),
      keys,
    ),
  ]);
  return { ...shape, keys: Object.fromEntries(listed) };
}

function addLimits(shape: Mutable<ShapeJson>, kind: "integer" | "float" | "string", value: ExactJson): void {
  if (kind === "string") {
    const bytes = Math.max(
      shape.string?.bytes ?? 0,
      Buffer.byteLength(typeof value === "string" ? value : ""),
    );
    shape.string = { count: (shape.string?.count ?? 0) + 1, bytes };
    return;
  }
  const text = value instanceof ExactNumber ? value.text : "0";
  if (kind === "integer") {
    const known = shape.integer;
    const all = [BigInt(text), ...(known ? [BigInt(known.min), BigInt(known.max)] : [])];
    const min = all.reduce((a, b) => (a < b ? a : b));
    const max = all.reduce((a, b) => (a > b ? a : b));
    shape.integer = { count: (known?.count ?? 0) + 1, min: String(min), max: String(max) };
    return;
  }
  const { integer, scale, significant } = digitCounts(parseDecimal(text)!);
  const known = shape.float;
  shape.float = {
    count: (known?.count ?? 0) + 1,
    integer_digits: Math.max(known?.integer_digits ?? 0, integer),
    scale: Math.max(known?.scale ?? 0, scale),
    significant_digits: Math.max(known?.significant_digits ?? 0, significant),
  };
}
