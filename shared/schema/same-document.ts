// When a document read back equals the one that was written (DESIGN.md 4): null members and empty objects equal absent ones, numbers are
// equal as exact decimals, timestamps as instants.
import { parseDecimal } from "./decimal.ts";
import { type ExactJson, ExactNumber, formatExact, isExactArray, isExactObject } from "./exact-json.ts";
import { formatInstant, parseInstant } from "./timestamps.ts";

export function sameDocument(a: ExactJson, b: ExactJson): boolean {
  return canonical(a) === canonical(b);
}

/** One text for all equal documents: what may be absent left out, members sorted, numbers and times in one form. */
export function canonical(value: ExactJson): string {
  return formatExact(normal(value) ?? new Map());
}

/** Undefined for what equals an absent member. */
function normal(value: ExactJson): ExactJson | undefined {
  if (value === null) return undefined;
  if (value instanceof ExactNumber) return new ExactNumber(normalNumber(value.text));
  if (typeof value === "string") {
    const instant = parseInstant(value);
    return instant ? formatInstant(instant) : value;
  }
  // An element has a place of its own, so that there null is not absent; but an empty object is what is left of `{"a":null}`.
  if (isExactArray(value)) {
    return value.map((element) => (element === null ? null : (normal(element) ?? new Map())));
  }
  if (!isExactObject(value)) return value;
  const members = [...value].flatMap(([key, member]): [string, ExactJson][] => {
    const kept = normal(member);
    return kept === undefined ? [] : [[key, kept]];
  });
  return members.length === 0 ? undefined : new Map(members.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function normalNumber(text: string): string {
  const decimal = parseDecimal(text);
  if (!decimal) return text;
  const { negative, digits, exponent } = decimal;
  return digits === "" ? "0" : `${negative ? "-" : ""}${digits}e${exponent}`;
}
