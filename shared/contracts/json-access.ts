// Looking into JSON that somebody else wrote: own members only, so that `__proto__` and `constructor` are members like any other.

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The member when it is an object. */
export function child(object: JsonObject, name: string): JsonObject | undefined {
  const value = member(object, name);
  return isJsonObject(value) ? value : undefined;
}

/** The member when it is a string. */
export function text(object: JsonObject, name: string): string | undefined {
  const value = member(object, name);
  return typeof value === "string" ? value : undefined;
}

/** The member when it is an integer from 0 to 2^53−1. */
export function size(object: JsonObject, name: string): number | undefined {
  const value = member(object, name);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
