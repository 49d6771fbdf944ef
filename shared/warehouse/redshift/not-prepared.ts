import { RouterError } from "../../errors/router-error.ts";

/** The ledger is not there, or somebody is about to make it. */
export function notPrepared(target: string): RouterError {
  return new RouterError(
    "WAREHOUSE_UNAVAILABLE",
    `${target} has no log_router schema yet: nothing has been loaded into it`,
    { details: { target } },
  );
}
