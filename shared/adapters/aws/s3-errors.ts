// What S3's refusals mean for us, in one table: error name or HTTP status → code, whether trying again can help, and what to do.
import { regionsOf } from "./clients.ts";
import { RouterError, type ErrorCode } from "../../errors/router-error.ts";
import type { ObjectRef } from "../../ports/object-store.ts";

interface Verdict {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly text: string;
}

const gone: Verdict = { code: "OBJECT_GONE", retryable: false, text: "there is no such object (any more)" };
const region: Verdict = {
  code: "WRONG_REGION",
  retryable: false,
  text: "the bucket is in another region than this process: set aws.region (or AWS_REGION) to the bucket's; one router serves one region",
};

/** By the error's `name`, as the S3 API reference lists them. */
const BY_NAME: Readonly<Record<string, Verdict>> = {
  NoSuchKey: gone,
  NoSuchVersion: gone,
  NotFound: gone,
  NoSuchBucket: { code: "OBJECT_STORE_FAILED", retryable: false, text: "there is no such bucket" },
  AccessDenied: {
    code: "ACCESS_DENIED",
    retryable: true,
    text: "access denied: the role needs s3:GetObject and s3:ListBucket on sources, s3:PutObject on the routed bucket, and kms:Decrypt where objects are encrypted by a key of your own",
  },
  InvalidObjectState: {
    code: "OBJECT_ARCHIVED",
    retryable: true,
    text: "the object is archived (Glacier or an archive tier): restore it, then it is read",
  },
  PreconditionFailed: {
    code: "OBJECT_CHANGED",
    retryable: true,
    text: "the object was overwritten while it was read",
  },
  PermanentRedirect: region,
  TemporaryRedirect: { ...region, retryable: true },
  AuthorizationHeaderMalformed: region,
  IllegalLocationConstraintException: region,
  ExpiredToken: { code: "ACCESS_DENIED", retryable: true, text: "the credentials have expired" },
  ExpiredTokenException: { code: "ACCESS_DENIED", retryable: true, text: "the credentials have expired" },
  InvalidAccessKeyId: {
    code: "ACCESS_DENIED",
    retryable: true,
    text: "the credentials are not known to AWS",
  },
  SignatureDoesNotMatch: { code: "ACCESS_DENIED", retryable: true, text: "the credentials are wrong" },
  CredentialsProviderError: { code: "ACCESS_DENIED", retryable: true, text: "no credentials were found" },
};

/** Of the SDK itself, which has no names for it: nothing was sent. */
const BY_MESSAGE: Readonly<Record<string, Verdict>> = {
  "Region is missing": {
    code: "CONFIG_INVALID",
    retryable: false,
    text: "no AWS region is known: set aws.region, AWS_REGION, or the profile's region",
  },
};

const BY_STATUS: Readonly<Record<number, Verdict>> = {
  301: region,
  403: BY_NAME["AccessDenied"]!,
  404: gone,
  412: BY_NAME["PreconditionFailed"]!,
};

/** The words come from outside: `constructor` is no entry. */
function entry(table: Readonly<Record<string, Verdict>>, word: string): Verdict | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** The HTTP status of an SDK error, when there was an answer at all. */
export function httpStatus(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata;
  return metadata?.httpStatusCode;
}

export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** Of an answer that S3 gives for a bucket of another region, in a body or (to a HEAD) in status and header alone. */
function wrongRegion(bucket: string, error: unknown, status: number | undefined): Verdict | undefined {
  const regions = regionsOf(error);
  const known =
    entry(BY_NAME, errorName(error)) ??
    (status === 307 ? BY_NAME["TemporaryRedirect"] : BY_STATUS[status ?? 0]);
  const isElsewhere = regions !== undefined && regions.bucket !== regions.asked;
  if (known?.code !== "WRONG_REGION" && !(isElsewhere && known === undefined && status === 400))
    return undefined;
  const retryable = known?.retryable ?? false;
  if (!isElsewhere) return { ...region, retryable };
  const text = `the bucket ${bucket} is in ${regions.bucket}, and this process works in ${regions.asked}: set aws.region (or AWS_REGION) to ${regions.bucket}; one router serves one region`;
  return { ...region, retryable, text };
}

/** Wraps what the SDK threw, once, with bucket and key. Throttles, 5xx and broken connections are retryable OBJECT_STORE_FAILED. */
export function s3Error(operation: string, ref: ObjectRef, error: unknown): RouterError {
  if (error instanceof RouterError) return error;
  if (errorName(error) === "AbortError")
    return new RouterError("ABORTED", `${operation} was stopped`, { retryable: true, cause: error });
  const status = httpStatus(error);
  const verdict: Verdict = wrongRegion(ref.bucket, error, status) ??
    entry(BY_NAME, errorName(error)) ??
    entry(BY_MESSAGE, error instanceof Error ? error.message : "") ??
    (status === undefined ? undefined : BY_STATUS[status]) ?? {
      code: "OBJECT_STORE_FAILED",
      retryable: status === undefined || status >= 500 || status === 429 || status === 400,
      text: error instanceof Error ? error.message || error.name : String(error),
    };
  return new RouterError(verdict.code, `${operation} of s3://${ref.bucket}/${ref.key}: ${verdict.text}`, {
    retryable: verdict.retryable,
    details: { bucket: ref.bucket, key: ref.key, status, name: errorName(error) },
    cause: error,
  });
}
