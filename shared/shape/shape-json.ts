// Between the shape in memory and its JSON form in receipts (shared/contracts/shape.ts).
import type { ShapeJson } from "../contracts/shape.ts";
import { Shape } from "./shape.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The JSON form: only what was seen is present, keys sorted by code unit. Equal shapes give equal texts. */
export function shapeToJson(shape: Shape): ShapeJson {
  const json: Writable<ShapeJson> = {};
  if (shape.nulls > 0) json.null = shape.nulls;
  if (shape.booleans > 0) json.boolean = shape.booleans;
  if (shape.integers) {
    const { count, min, max } = shape.integers;
    json.integer = { count, min: String(min), max: String(max) };
  }
  if (shape.floats) {
    const { count, integerDigits, scale, significantDigits } = shape.floats;
    json.float = { count, integer_digits: integerDigits, scale, significant_digits: significantDigits };
  }
  if (shape.strings) json.string = { ...shape.strings };
  if (shape.timestamptz > 0) json.timestamptz = shape.timestamptz;
  if (shape.timestamps > 0) json.timestamp = shape.timestamps;
  if (shape.dates > 0) json.date = shape.dates;
  if (shape.objects > 0) json.object = shape.objects;
  if (shape.arrays > 0) json.array = shape.arrays;
  if (shape.keys && shape.keys.size > 0) {
    const keys: Record<string, ShapeJson> = {};
    for (const key of [...shape.keys.keys()].sort()) keys[wireKey(key)] = shapeToJson(shape.keys.get(key)!);
    json.keys = keys;
  }
  if (shape.whole) json.whole = true;
  return json;
}

/** The shape that a JSON form, checked by `shapeSchema`, stands for. */
export function shapeFromJson(json: ShapeJson): Shape {
  const shape = new Shape();
  shape.nulls = json.null ?? 0;
  shape.booleans = json.boolean ?? 0;
  if (json.integer) {
    const { count, min, max } = json.integer;
    shape.integers = { count, min: BigInt(min), max: BigInt(max) };
  }
  if (json.float) {
    const { count, integer_digits: integerDigits, scale, significant_digits: significantDigits } = json.float;
    shape.floats = { count, integerDigits, scale, significantDigits };
  }
  if (json.string) shape.strings = { ...json.string };
  shape.timestamptz = json.timestamptz ?? 0;
  shape.timestamps = json.timestamp ?? 0;
  shape.dates = json.date ?? 0;
  shape.objects = json.object ?? 0;
  shape.arrays = json.array ?? 0;
  shape.whole = json.whole ?? false;
  if (json.keys && !shape.whole) {
    shape.keys = new Map(
      Object.entries(json.keys).map(([key, child]) => [realKey(key), shapeFromJson(child)]),
    );
  }
  return shape;
}

// Libraries, zod among them, leave out a member `__proto__` without a word. The key goes by with one more underscore in front,
// and so do the keys that would then be taken for it. Whoever reads `keys` goes through `realKey`.

/** A member's key → its key in `ShapeJson.keys`. */
export function wireKey(key: string): string {
  return /^_*__proto__$/.test(key) ? `_${key}` : key;
}

/** A key of `ShapeJson.keys` → the member's key. */
export function realKey(key: string): string {
  return /^_+__proto__$/.test(key) ? key.slice(1) : key;
}
