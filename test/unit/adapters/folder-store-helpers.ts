// What the tests of the folder store have in common.
import { isRouterError, type ErrorCode } from "../../../shared/errors/router-error.ts";
import type { ObjectRead } from "../../../shared/ports/object-store.ts";

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const withCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    isRouterError(error, code);

export async function read(object: ObjectRead): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of object.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
