// What Redshift's error texts mean. The Data API has no codes for them; test/integration/redshift/errors.test.ts provokes each on the
// stand-in, whose words are Redshift's where this reads them.
import { RouterError } from "../../errors/router-error.ts";

/** What a failed statement was: `guard` a division by zero put there on purpose, `exists` a name that is taken. */
export type FailureKind =
  | "guard"
  | "conflict"
  | "timeout"
  | "load"
  | "missing_file"
  | "exists"
  | "not_prepared"
  | "denied"
  | "other";

const KINDS: readonly (readonly [FailureKind, RegExp])[] = [
  ["guard", /divi(de|sion) by zero/i],
  // 1018: a table made after the transaction's snapshot. Both are over when the transaction is done again.
  ["conflict", /\b1023\b|serializable isolation|could not serialize|deadlock detected|\b1018\b/i],
  ["timeout", /statement timeout|cancell?ed on user'?s? request|lock timeout/i],
  ["missing_file", /mandatory and does not exist|NoSuchKey|specified (key|S3 prefix .*) does not exist/i],
  ["load", /Load into table .* failed|(stl_load_errors|sys_load_error_detail)/i],
  ["exists", /already exists|specified more than once|duplicate key value/i],
  ["not_prepared", /(schema|relation) "(log_router[^"]*)" does not exist|relation "log_router\.[^"]*"/i],
  ["denied", /permission denied|not authorized|must be owner/i],
];

export function failureKind(error: string): FailureKind {
  return KINDS.find(([, pattern]) => pattern.test(error))?.[0] ?? "other";
}

/** First line of the message, without the API's marks. */
export function failureReason(error: string): string {
  const [line = ""] = error.split("\n", 1);
  return line
    .replace(/^ERROR:\s*/, "")
    .replace(/\s*\[ErrorId: [^\]]*\]\s*$/, "")
    .slice(0, 500);
}

/** The error to throw for a failed statement. `what` names it: `load of batch x`. */
export function statementError(what: string, target: string, error: string): RouterError {
  const kind = failureKind(error);
  const message = `${what} on ${target}: ${failureReason(error)}`;
  const details = { target, kind };
  switch (kind) {
    case "conflict":
    case "timeout":
      return new RouterError("TABLE_LOCKED", message, { retryable: true, details });
    case "denied":
      return new RouterError("ACCESS_DENIED", `${message}. The database user needs that permission`, {
        retryable: true,
        details,
      });
    case "not_prepared":
      return new RouterError(
        "WAREHOUSE_UNAVAILABLE",
        `${target} has no log_router schema yet: nothing has been loaded into it`,
        { details },
      );
    case "missing_file":
      return new RouterError("OBJECT_GONE", message, { details });
    case "guard":
    case "load":
    case "exists":
    case "other":
      return new RouterError("WAREHOUSE_FAILED", message, { details });
  }
}

/** True for an error that is over when the same transaction is done again: somebody else was in the way. */
export function isConflict(error: unknown): boolean {
  return error instanceof RouterError && error.details["kind"] === "conflict";
}
