// One table from what the operating system answers to what the port promises.
import { RouterError, type ErrorCode } from "../../errors/router-error.ts";
import type { ObjectRef } from "../../ports/object-store.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly text: string;
}

const gone: Meaning = { code: "OBJECT_GONE", retryable: false, text: "there is no such file" };
const denied: Meaning = { code: "ACCESS_DENIED", retryable: true, text: "the file's permissions forbid it" };
const clash: Meaning = {
  code: "OBJECT_KEY_REFUSED",
  retryable: false,
  text: "a file has the name of a folder on the key's way, or a folder the key's own",
};
const noLinks: Meaning = {
  code: "OBJECT_STORE_FAILED",
  retryable: false,
  text: "the file system has no hard links; choose a data folder on another one (--data)",
};
const full: Meaning = { code: "OBJECT_STORE_FAILED", retryable: true, text: "the disk is full" };
const other: Meaning = { code: "OBJECT_STORE_FAILED", retryable: true, text: "the file system failed" };

const READING: Readonly<Record<string, Meaning>> = {
  ENOENT: gone,
  ENOTDIR: gone,
  ELOOP: gone,
  EACCES: denied,
  EPERM: denied,
};

const WRITING: Readonly<Record<string, Meaning>> = {
  ENOTDIR: clash,
  EISDIR: clash,
  EEXIST: clash,
  ENOTEMPTY: clash,
  EACCES: denied,
  EROFS: denied,
  ENOTSUP: noLinks,
  EOPNOTSUPP: noLinks,
  ENOSYS: noLinks,
  EMLINK: noLinks,
  // link(2) on file systems without hard links; permissions proper are EACCES.
  EPERM: noLinks,
  ENOSPC: full,
  EDQUOT: full,
};

/** The error code of the operating system, if it is one of its errors. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** A RouterError for what failed while `doing` ("reading", "writing") something with an object. RouterErrors and aborts come back as they are. */
export function fileError(
  doing: "reading" | "writing" | "listing" | "deleting",
  ref: ObjectRef,
  error: unknown,
): Error {
  const errno = errnoOf(error);
  if (error instanceof RouterError || errno === undefined || errno === "ABORT_ERR") {
    return error instanceof Error ? error : new Error(String(error));
  }
  const table = doing === "writing" ? WRITING : READING;
  const meaning = table[errno] ?? other;
  return new RouterError(
    meaning.code,
    `Failed ${doing} ${ref.bucket}:${ref.key}: ${meaning.text} (${errno}).`,
    { retryable: meaning.retryable, details: { bucket: ref.bucket, key: ref.key, errno }, cause: error },
  );
}
