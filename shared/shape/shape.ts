// The shape of a set of JSON objects, in memory: a tree of counts and limits by path. Maps, so that no key is special.
import { classifyNumber, classifyString } from "./classify.ts";
import type { JsonValue } from "./parse-json.ts";

/** Longest plain decimal seen of each kind of digits; shared/contracts/shape.ts says what they mean. */
export interface FloatStats {
  count: number;
  integerDigits: number;
  scale: number;
  significantDigits: number;
}

/** One path: which kinds of value were seen there, how often, and the limits that decide column types. */
export class Shape {
  nulls = 0;
  booleans = 0;
  integers: { count: number; min: bigint; max: bigint } | undefined;
  floats: FloatStats | undefined;
  /** Strings that are no timestamp or date; `bytes` of the longest, unescaped UTF-8. */
  strings: { count: number; bytes: number } | undefined;
  timestamptz = 0;
  timestamps = 0;
  dates = 0;
  objects = 0;
  arrays = 0;
  /** More than K distinct keys were seen: members are not listed. */
  whole = false;
  /** Members of the objects at this path; empty when `whole`. */
  keys: Map<string, Shape> | undefined;
}

/**
 * Adds `from` to `into`; `from` stays as it is and shares nothing with `into` afterwards. The order of merging does not matter: counts are
 * added, limits widened, and an object at depth d (the root is 0) with more than `keysPerDepth[d]` distinct keys (0 beyond the last)
 * becomes `whole`, its members forgotten. `into` must have been built under the same `keysPerDepth`: an empty one always is.
 */
export function mergeShape(into: Shape, from: Shape, keysPerDepth: readonly number[], depth = 0): void {
  into.nulls += from.nulls;
  into.booleans += from.booleans;
  into.timestamptz += from.timestamptz;
  into.timestamps += from.timestamps;
  into.dates += from.dates;
  into.objects += from.objects;
  into.arrays += from.arrays;
  if (from.integers) addIntegers(into, from.integers.count, from.integers.min, from.integers.max);
  if (from.floats) addFloats(into, from.floats);
  if (from.strings) addStrings(into, from.strings.count, from.strings.bytes);
  mergeKeys(into, from, keysPerDepth, depth);
}

function mergeKeys(into: Shape, from: Shape, keysPerDepth: readonly number[], depth: number): void {
  if (from.whole) keepWhole(into);
  if (into.whole || !from.keys) return;
  for (const [key, child] of from.keys) {
    const target = memberShape(into, key, keysPerDepth, depth);
    if (!target) return;
    mergeShape(target, child, keysPerDepth, depth + 1);
  }
}

/** The shape of a member of the objects at `parent`, made when new; undefined when `parent` is whole or becomes so by this key. */
export function memberShape(
  parent: Shape,
  key: string,
  keysPerDepth: readonly number[],
  depth: number,
): Shape | undefined {
  if (parent.whole) return undefined;
  const known = parent.keys?.get(key);
  if (known) return known;
  if ((parent.keys?.size ?? 0) >= (keysPerDepth[depth] ?? 0)) {
    keepWhole(parent);
    return undefined;
  }
  const made = new Shape();
  (parent.keys ??= new Map()).set(key, made);
  return made;
}

function keepWhole(shape: Shape): void {
  shape.whole = true;
  shape.keys = undefined;
}

/** Adds `count` integers between `min` and `max`, both of which occur. */
export function addIntegers(shape: Shape, count: number, min: bigint, max: bigint): void {
  const seen = (shape.integers ??= { count: 0, min, max });
  seen.count += count;
  if (min < seen.min) seen.min = min;
  if (max > seen.max) seen.max = max;
}

/** Adds floats with these limits. */
export function addFloats(shape: Shape, more: FloatStats): void {
  const seen = (shape.floats ??= { count: 0, integerDigits: 0, scale: 0, significantDigits: 0 });
  seen.count += more.count;
  seen.integerDigits = Math.max(seen.integerDigits, more.integerDigits);
  seen.scale = Math.max(seen.scale, more.scale);
  seen.significantDigits = Math.max(seen.significantDigits, more.significantDigits);
}

/** Adds `count` strings, the longest of `bytes` bytes. */
export function addStrings(shape: Shape, count: number, bytes: number): void {
  const seen = (shape.strings ??= { count: 0, bytes: 0 });
  seen.count += count;
  seen.bytes = Math.max(seen.bytes, bytes);
}

/** Adds one parsed value, the slow and obvious way. Values in `omit` are passed over as if they were not there. */
export function addValue(
  shape: Shape,
  value: JsonValue,
  keysPerDepth: readonly number[],
  omit: ReadonlySet<JsonValue> = new Set(),
  depth = 0,
): void {
  if (value.type === "null") shape.nulls++;
  else if (value.type === "boolean") shape.booleans++;
  else if (value.type === "number") addNumber(shape, value.text);
  else if (value.type === "string") addString(shape, value.value);
  else if (value.type === "array") shape.arrays++;
  else {
    shape.objects++;
    for (const member of value.members) {
      if (omit.has(member.value)) continue;
      const target = memberShape(shape, member.key, keysPerDepth, depth);
      if (!target) return;
      addValue(target, member.value, keysPerDepth, omit, depth + 1);
    }
  }
}

function addNumber(shape: Shape, text: string): void {
  const facts = classifyNumber(text);
  if (facts.kind === "integer") addIntegers(shape, 1, facts.value, facts.value);
  else if (facts.kind === "float") addFloats(shape, { count: 1, ...facts });
  else throw new Error("a part line has no inexact number");
}

function addString(shape: Shape, value: string): void {
  const kind = classifyString(value);
  if (kind === "timestamptz") shape.timestamptz++;
  else if (kind === "timestamp") shape.timestamps++;
  else if (kind === "date") shape.dates++;
  else addStrings(shape, 1, Buffer.byteLength(value));
}
