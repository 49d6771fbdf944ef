// Everything that was sent, for other judges of Redshift's grammar: one JSON line a call.
import { appendFileSync } from "node:fs";

/** Appends `{"at", "name", "sqls"}` for each accepted call. */
export function fileJournal(file: string): (name: string, sqls: readonly string[]) => void {
  return (name, sqls) =>
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), name, sqls })}\n`);
}
