// What DuckDB's errors mean. Its C API gives the class of an error only as the first words of the message ("Invalid Input Error: …"),
// so this one table reads them; test/integration/warehouse/duckdb-errors.test.ts provokes each.
import { isRouterError, RouterError } from "../../errors/router-error.ts";

/** Classes raised by the data being loaded: a value that does not convert, a line that is not JSON. */
const REFUSED =
  /^(Invalid Input Error|Conversion Error|Out of Range Error|Mismatch Type Error|Constraint Error):/;
const LOCKED = /Could not set lock on file/;
const INTERRUPTED = /^INTERRUPT Error:|Interrupted!/;
const NO_SPACE = /No space left on device|failed to offload|max_temp_directory_size/i;
const UNAVAILABLE = /^IO Error:/;
const OUT_OF_MEMORY = /^Out of Memory Error:/;
const NOT_PREPARED = /^Catalog Error: .*log_router/s;

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True when the data was refused: nothing is wrong with the warehouse, the same statement fails again. */
export function isRefusal(error: unknown): boolean {
  return REFUSED.test(errorText(error));
}

export function isLockConflict(error: unknown): boolean {
  return LOCKED.test(errorText(error));
}

/** First line of the message: the rest repeats the statement or gives hints about settings of ours. */
export function refusalReason(error: unknown): string {
  return (errorText(error).split("\n", 1)[0] ?? "").slice(0, 500);
}

/** Wraps whatever DuckDB threw; errors of our own pass through. `file` is the database's. */
export function toRouterError(error: unknown, file: string): RouterError {
  if (isRouterError(error)) return error;
  const text = errorText(error);
  const details = { file };
  if (INTERRUPTED.test(text))
    return new RouterError("ABORTED", `work on ${file} was stopped`, {
      retryable: true,
      details,
      cause: error,
    });
  if (NO_SPACE.test(text))
    return new RouterError("WAREHOUSE_UNAVAILABLE", `${file}: ${refusalReason(error)}`, {
      retryable: true,
      details,
      cause: error,
    });
  if (NOT_PREPARED.test(text))
    return new RouterError(
      "WAREHOUSE_UNAVAILABLE",
      `${file} has no log_router schema yet: nothing has been loaded into it`,
      { details, cause: error },
    );
  if (UNAVAILABLE.test(text))
    return new RouterError("WAREHOUSE_UNAVAILABLE", `${file}: ${refusalReason(error)}`, {
      retryable: true,
      details,
      cause: error,
    });
  return new RouterError("WAREHOUSE_FAILED", `${file}: ${refusalReason(error)}`, {
    // Memory may be free again later, or suffice for a smaller batch.
    retryable: OUT_OF_MEMORY.test(text),
    details,
    cause: error,
  });
}
