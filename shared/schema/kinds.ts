// Kinds of value: what a shape counts and what column types are chosen by.
import type { ShapeJson } from "../contracts/shape.ts";
import { classifyNumber, classifyString } from "../shape/classify.ts";
import { type ExactJson, ExactNumber, isExactArray } from "./exact-json.ts";

/**
 * Kinds that become columns of scalars, in the fixed order in which the columns of a path are named: of several kinds seen at once, the
 * first gets the plain name, the others a suffix (DESIGN.md 4). Text stands last because it is what is left of a field of another type.
 */
export const SCALAR_KINDS = [
  "integer",
  "float",
  "boolean",
  "timestamptz",
  "timestamp",
  "date",
  "string",
] as const;
export type ScalarKind = (typeof SCALAR_KINDS)[number];
/** Kinds that can be at one path. */
export type Kind = ScalarKind | "null" | "object" | "array";
/** Kinds that a column can hold. */
export type StoredKind = Exclude<Kind, "null">;

/** The kind of a value, or undefined for a number that is not exact (the splitter rescues those). */
export function kindOf(value: ExactJson): Kind | undefined {
  if (value === null) return "null";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return classifyString(value);
  if (value instanceof ExactNumber) {
    const { kind } = classifyNumber(value.text);
    return kind === "inexact" ? undefined : kind;
  }
  return isExactArray(value) ? "array" : "object";
}

/** How many values of a kind a shape has seen at its path. */
export function countOf(shape: ShapeJson, kind: Kind): number {
  const seen = shape[kind];
  return typeof seen === "object" ? seen.count : (seen ?? 0);
}

/** The scalar kinds seen, in the fixed order. */
export function scalarKinds(shape: ShapeJson): readonly ScalarKind[] {
  return SCALAR_KINDS.filter((kind) => countOf(shape, kind) > 0);
}

/** True for the kinds that a column of a plain type can hold. */
export function isScalarKind(kind: StoredKind): kind is ScalarKind {
  return kind !== "array" && kind !== "object";
}

/** True for the kinds that are written as JSON strings; a column string(n) holds them all. */
export function isTextKind(kind: StoredKind): boolean {
  return kind === "string" || kind === "timestamptz" || kind === "timestamp" || kind === "date";
}
