// What the Data API's refusals mean. SQL errors are not among them: those come back as FAILED statements (data-api.ts).
import { RouterError, type ErrorCode } from "../../errors/router-error.ts";
import { WAREHOUSE_SCOPE } from "../../ports/warehouse.ts";

interface Verdict {
  readonly code: ErrorCode;
  readonly text: string;
  /** Whether sending the same request again, later, can help. */
  readonly retryable: boolean;
}

const busy: Verdict = {
  code: "WAREHOUSE_UNAVAILABLE",
  text: "too many statements are active",
  retryable: true,
};

const BY_NAME: Readonly<Record<string, Verdict>> = {
  ActiveStatementsExceededException: busy,
  ActiveSessionsExceededException: busy,
  ActiveWaitingRequestsExceededException: busy,
  ThrottlingException: {
    code: "WAREHOUSE_UNAVAILABLE",
    text: "the account's request rate is used up",
    retryable: true,
  },
  AccessDeniedException: {
    code: "ACCESS_DENIED",
    text: "the role needs redshift-data:* on the statement, and redshift-serverless:GetCredentials, redshift:GetClusterCredentialsWithIAM or secretsmanager:GetSecretValue for the login",
    retryable: true,
  },
  ExpiredTokenException: { code: "ACCESS_DENIED", text: "the credentials have expired", retryable: true },
  UnrecognizedClientException: {
    code: "ACCESS_DENIED",
    text: "the credentials are not known to AWS",
    retryable: true,
  },
  CredentialsProviderError: { code: "ACCESS_DENIED", text: "no credentials were found", retryable: true },
  ResourceNotFoundException: {
    code: "NOT_FOUND",
    text: "there is no such statement, or its result has expired (24 h)",
    retryable: false,
  },
  ValidationException: { code: "WAREHOUSE_FAILED", text: "the request was refused", retryable: false },
};

export function isActiveLimit(error: unknown): boolean {
  return error instanceof Error && /^Active\w+ExceededException$/.test(error.name);
}

/** Wraps what the SDK threw. Anything without a name of its own (network, 5xx, an HTML answer) is WAREHOUSE_UNAVAILABLE: outcome unknown. */
export function dataApiError(operation: string, target: string, error: unknown): RouterError {
  if (error instanceof RouterError) return error;
  const name = error instanceof Error ? error.name : "";
  if (name === "AbortError")
    return new RouterError("ABORTED", `${operation} on ${target} was stopped`, {
      retryable: true,
      cause: error,
    });
  const verdict = (Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined) ?? {
    code: "WAREHOUSE_UNAVAILABLE",
    text: "no usable answer",
    retryable: true,
  };
  const message = error instanceof Error ? error.message : String(error);
  return new RouterError(verdict.code, `${operation} on ${target}: ${verdict.text} (${message})`, {
    retryable: verdict.retryable,
    details: { target, name, ...(verdict.code === "ACCESS_DENIED" ? { scope: WAREHOUSE_SCOPE } : {}) },
    cause: error,
  });
}
