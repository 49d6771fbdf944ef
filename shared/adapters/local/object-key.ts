// Which keys may become file names. A key is data that came over a queue: it must not reach outside its folder.
import { RouterError } from "../../errors/router-error.ts";

/** Folder in the root of a bucket for objects that are being written. No key may lie in it. */
export const INCOMING = ".incoming";

/** What S3 allows for a whole key, and common file systems for one name, in UTF-8 bytes. */
const MAX_KEY_BYTES = 1_024;
const MAX_NAME_BYTES = 255;

/** Throws OBJECT_KEY_REFUSED for a key of a folder bucket that is not a plain relative path. */
export function assertFolderKey(bucket: string, key: string): void {
  const problem = keyProblem(key) ?? (key.split("/")[0] === INCOMING ? `lies in ${INCOMING}` : undefined);
  if (problem) refuse(bucket, key, problem);
}

/** Throws OBJECT_KEY_REFUSED for a key of bucket `local` that is not a plain absolute path. */
export function assertLocalKey(bucket: string, key: string): void {
  if (!key.startsWith("/")) refuse(bucket, key, "is not an absolute path");
  const problem = segmentProblem(key.slice(1), 4_096);
  if (problem) refuse(bucket, key, problem);
}

function keyProblem(key: string): string | undefined {
  if (key.startsWith("/")) return "is an absolute path";
  if (key.includes("\\")) return "has a backslash";
  return segmentProblem(key, MAX_KEY_BYTES);
}

function segmentProblem(path: string, maxBytes: number): string | undefined {
  if (path.includes("\0")) return "has a NUL";
  if (!path.isWellFormed()) return "has a lone surrogate";
  if (Buffer.byteLength(path, "utf8") > maxBytes) return `is longer than ${maxBytes} bytes`;
  for (const name of path.split("/")) {
    if (name === "") return "has an empty segment";
    if (name === "." || name === "..") return `has a segment ${name}`;
    if (Buffer.byteLength(name, "utf8") > MAX_NAME_BYTES) {
      return `has a segment longer than ${MAX_NAME_BYTES} bytes`;
    }
  }
  return undefined;
}

function refuse(bucket: string, key: string, problem: string): never {
  const shown = key.length > 200 ? `${key.slice(0, 200)}…` : key;
  throw new RouterError(
    "OBJECT_KEY_REFUSED",
    `Key ${JSON.stringify(shown)} of bucket ${bucket} ${problem}.`,
    {
      details: { bucket, key: shown },
    },
  );
}
