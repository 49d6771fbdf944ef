// JSON values with their numbers as text, so that nothing is rounded, and their objects as maps, so that `__proto__` is a key like others.

/** A number as it is written. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type ExactJson =
  | null
  | boolean
  | string
  | ExactNumber
  | readonly ExactJson[]
  | ReadonlyMap<string, ExactJson>;

export type ExactObject = ReadonlyMap<string, ExactJson>;

/** Parses strict JSON; of equal keys the last wins. Throws SyntaxError. For values up to a few thousand levels deep. */
export function parseExact(text: string): ExactJson {
  return JSON.parse(text, revive);
}

/** Node 24 passes the source text of primitives as `context`; the type library does not know it yet. */
function revive(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === "number") return new ExactNumber(context?.source ?? String(value));
  return isPlainObject(value) ? new Map(Object.entries(value)) : value;
}

/** The value of anything that a driver may hand out: numbers, big integers, dates, plain objects, or exact values already. */
export function exactFrom(value: unknown): ExactJson {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "bigint") return new ExactNumber(String(value));
  if (typeof value === "boolean" || typeof value === "string" || value instanceof ExactNumber) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(exactFrom);
  const members = value instanceof Map ? [...value] : Object.entries(value);
  return new Map(members.map(([key, member]: [string, unknown]) => [key, exactFrom(member)]));
}

/** JSON text without spaces, numbers as written. */
export function formatExact(value: ExactJson): string {
  if (value instanceof ExactNumber) return value.text;
  if (isExactObject(value)) {
    const members = [...value].map(([key, member]) => `${JSON.stringify(key)}:${formatExact(member)}`);
    return `{${members.join(",")}}`;
  }
  if (isExactArray(value)) return `[${value.map(formatExact).join(",")}]`;
  return JSON.stringify(value);
}

export function isExactObject(value: ExactJson | undefined): value is ExactObject {
  return value instanceof Map;
}

export function isExactArray(value: ExactJson | undefined): value is readonly ExactJson[] {
  return Array.isArray(value);
}

function isPlainObject(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof ExactNumber)
  );
}
