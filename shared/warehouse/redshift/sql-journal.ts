// Every statement that is sent, for whoever wants to check it elsewhere: one JSON line a call.
import { appendFileSync } from "node:fs";
import type { DataApiOptions } from "./data-api.ts";

/** Appends `{"at", "name", "sqls"}` to the file for each call. The statements hold names and literals, but no credentials. */
export function createSqlJournal(file: string): NonNullable<DataApiOptions["journal"]> {
  return (name, sqls) =>
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), name, sqls })}\n`);
}
