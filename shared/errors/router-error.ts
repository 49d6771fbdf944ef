// The one base of every error the project throws on purpose. Callers branch on `code` and `retryable`, never on text.

/** Stable identifiers, listed with meaning and remedy in docs/error-codes.md (a test keeps the two equal). */
export const ERROR_CODES = [
  "CONFIG_INVALID",
  "USAGE",
  "OBJECT_GONE",
  "OBJECT_CHANGED",
  "OBJECT_KEY_REFUSED",
  "OBJECT_ARCHIVED",
  "WRONG_REGION",
  "OBJECT_STORE_FAILED",
  "ACCESS_DENIED",
  "QUEUE_FAILED",
  "MESSAGE_FOREIGN",
  "SOURCE_CORRUPT",
  "RECEIPT_INVALID",
  "SCRATCH_FULL",
  "CATALOG_STALE",
  "WAREHOUSE_LOCKED",
  "TABLE_LOCKED",
  "WAREHOUSE_UNAVAILABLE",
  "WAREHOUSE_REFUSED",
  "WAREHOUSE_FAILED",
  "ACCOUNTING_BROKEN",
  "NOT_FOUND",
  "ABORTED",
  "INTERNAL",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface RouterErrorOptions {
  /** True when the same work may succeed later unchanged (throttling, locks, networks). Default false. */
  readonly retryable?: boolean;
  /** What the error is about: bucket, key, table, setting … Printable values only, never credentials or line content. */
  readonly details?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly cause?: unknown;
}

export class RouterError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, string | number | boolean | undefined>>;

  constructor(code: ErrorCode, message: string, options: RouterErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RouterError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** True when `error` is a RouterError, with the given code if one is named. */
export function isRouterError(error: unknown, code?: ErrorCode): error is RouterError {
  return error instanceof RouterError && (code === undefined || error.code === code);
}
