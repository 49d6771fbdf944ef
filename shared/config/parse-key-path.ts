// Paths as people write them in the configuration → Path as the code uses it.
import { RouterError } from "../errors/router-error.ts";
import type { Path } from "../schema/types.ts";

/**
 * A text goes down one level at each dot (`user.id` → user, then id); a list takes every key as it is, dots included. Where the file
 * allows only a text (the left-hand side of `types`), the list may be written as JSON: `'["user.id"]'`.
 * Throws CONFIG_INVALID when a key is empty: an empty key has no address (DESIGN.md 3).
 */
export function parseKeyPath(path: string | readonly string[]): Path {
  const keys = typeof path === "string" ? (jsonKeys(path) ?? path.split(".")) : [...path];
  if (keys.length === 0 || keys.some((key) => key === "")) {
    throw new RouterError("CONFIG_INVALID", `path ${JSON.stringify(path)} has an empty key`);
  }
  return keys;
}

/** Several paths, the first match wins: one path as a text, or a list of paths. */
export function parseKeyPaths(paths: string | readonly (string | readonly string[])[]): readonly Path[] {
  return typeof paths === "string" ? [parseKeyPath(paths)] : paths.map(parseKeyPath);
}

function jsonKeys(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((key) => typeof key === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}
