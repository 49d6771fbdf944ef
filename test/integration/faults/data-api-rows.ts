// What goes wrong between the loader and the warehouse. An answer proves nothing: what became of a transaction is in the ledger.
import type { FaultRow } from "./fault-table.ts";

/** Tries of one request: the SDK's six, three times over. */
const TRIES = 18;

/** The next load is hit, whatever it carries: one row after the other. */
export const DATA_API_ROWS: readonly FaultRow[] = [
  { fault: "request lost", at: "the load's transaction", times: 2 },
  { fault: "time-out before the server acted", at: "the load's transaction" },
  // Taken and not heard of: sent again with its token, it is the same one.
  { fault: "time-out after the server acted", at: "the load's transaction" },
  { fault: "answer lost", at: "the load's transaction", times: 3 },
  { fault: "500 after the server acted", at: "the load's transaction" },
  // It has committed, and nobody ever says so but the ledger.
  { fault: "answer lost", at: "the load's transaction", times: TRIES },
  { fault: "Data API: 500", at: "the load's transaction", times: 2 },
  { fault: "Data API: ThrottlingException", at: "the load's transaction", times: 2 },
  { fault: "Data API: too many statements", at: "the load's transaction", times: 2 },
  { fault: "503 in HTML from something in between", at: "the load's transaction" },
  { fault: "aborted-after-commit", at: "the load's transaction" },
  { fault: "failed-after-commit", at: "the load's transaction" },
  { fault: "unknown-status", at: "the load's transaction" },

  { fault: "time-out before the server acted", at: "asking for the end" },
  { fault: "Data API: ThrottlingException", at: "asking for the end", times: 2 },
  { fault: "503 in HTML from something in between", at: "asking for the end", times: 2 },
  { fault: "request lost", at: "reading a result", times: 2 },
  { fault: "reset at the start of the answer", at: "reading a result" },
  { fault: "Data API: ThrottlingException", at: "reading a result", times: 2 },

  { fault: "answer lost", at: "the source's row" },
  { fault: "Data API: ThrottlingException", at: "the source's row", times: 2 },

  { fault: "time-out after the server acted", at: "the change of a table", newTables: true },
  { fault: "answer lost", at: "the change of a table", newTables: true },
  { fault: "aborted-after-commit", at: "the change of a table", newTables: true },
  { fault: "failed-after-commit", at: "the change of a table", newTables: true },
  { fault: "Data API: ThrottlingException", at: "the change of a table", times: 2, newTables: true },
];
