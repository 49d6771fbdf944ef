// Whether a parsed JSON value is a shape, told in one walk and without a copy: a receipt is shapes for the most part, and a schema library
// takes ten times as long for them as JSON.parse.
import type { ShapeJson } from "./shape.ts";

/** Deeper ones are left to the schema. */
const MAX_DEPTH = 500;

/**
 * True only for what `shapeSchema` (shape.ts) accepts and gives back as it is. Not for every such value: what is deep, or has a key
 * `__proto__`, which the schema leaves out, is for the schema to judge.
 */
export function isShape(json: unknown): json is ShapeJson {
  return isShapeAt(json, 0);
}

function isShapeAt(json: unknown, depth: number): boolean {
  if (!isObject(json) || depth > MAX_DEPTH) return false;
  for (const name in json) if (!isMember(name, json[name], depth)) return false;
  return true;
}

function isMember(name: string, value: unknown, depth: number): boolean {
  switch (name) {
    case "null":
    case "boolean":
    case "timestamptz":
    case "timestamp":
    case "date":
    case "object":
    case "array":
      return isWhole(value, 1);
    case "string":
      return isObject(value) && hasOnly(value, 2) && isWhole(value["count"], 1) && isWhole(value["bytes"], 0);
    case "integer":
      return isIntegers(value);
    case "float":
      return isFloats(value);
    case "keys":
      return areKeys(value, depth);
    case "whole":
      return value === true;
    default:
      return false;
  }
}

function isIntegers(value: unknown): boolean {
  if (!isObject(value) || !hasOnly(value, 3)) return false;
  return isWhole(value["count"], 1) && typeof value["min"] === "string" && typeof value["max"] === "string";
}

function isFloats(value: unknown): boolean {
  if (!isObject(value) || !hasOnly(value, 4) || !isWhole(value["count"], 1)) return false;
  return (
    isWhole(value["integer_digits"], 0) &&
    isWhole(value["scale"], 0) &&
    isWhole(value["significant_digits"], 0)
  );
}

function areKeys(value: unknown, depth: number): boolean {
  if (!isObject(value)) return false;
  for (const key in value) if (key === "__proto__" || !isShapeAt(value[key], depth + 1)) return false;
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** So many members; which ones they are is seen when each of them is looked at. */
function hasOnly(value: object, members: number): boolean {
  let count = 0;
  for (const _ in value) count++;
  return count === members;
}

function isWhole(value: unknown, least: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}
