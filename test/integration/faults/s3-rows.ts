// What goes wrong with S3, under both workers.
import type { FaultRow } from "./fault-table.ts";

/** Tries of one request by the SDK: as often, and the work is put off. */
const TRIES = 6;

/** Each request is about one source: all rows at the same time. */
export const S3_ROWS: readonly FaultRow[] = [
  { fault: "request lost", at: "GET of the source" },
  { fault: "time-out before the server acted", at: "GET of the source" },
  { fault: "reset at the start of the answer", at: "GET of the source", times: 2 },
  { fault: "reset in the middle of the answer", at: "GET of the source", times: 3 },
  { fault: "answer stops in its middle", at: "GET of the source" },
  { fault: "S3: 500", at: "GET of the source", times: 2 },
  { fault: "S3: 503 SlowDown", at: "GET of the source", times: 2 },
  { fault: "S3: 500", at: "GET of the source", times: TRIES, split: 2 },
  { fault: "S3: 500", at: "LIST of its receipts", times: 2 },

  { fault: "request lost", at: "PUT of a part" },
  { fault: "reset in the middle of the request", at: "PUT of a part", times: 2 },
  { fault: "time-out before the server acted", at: "PUT of a part" },
  { fault: "time-out after the server acted", at: "PUT of a part" },
  { fault: "answer lost", at: "PUT of a part", times: 2 },
  { fault: "S3: 500", at: "PUT of a part", times: 2 },
  { fault: "500 after the server acted", at: "PUT of a part" },
  { fault: "S3: 503 SlowDown", at: "PUT of a part", times: 2 },
  // The attempt is given up; another one writes parts of its own, and the receipt names these alone.
  { fault: "S3: 500", at: "PUT of a part", times: 3 * TRIES, split: 2 },

  { fault: "request lost", at: "PUT of the receipt" },
  { fault: "reset in the middle of the request", at: "PUT of the receipt" },
  { fault: "time-out before the server acted", at: "PUT of the receipt" },
  { fault: "S3: 503 SlowDown", at: "PUT of the receipt", times: 2 },
  { fault: "S3: 409, somebody else writes", at: "PUT of the receipt", times: 2 },
  // The second try finds the first one's receipt, cannot know whose it is, and announces it once more.
  { fault: "time-out after the server acted", at: "PUT of the receipt", load: 2 },
  { fault: "answer lost", at: "PUT of the receipt", load: 2 },
  { fault: "500 after the server acted", at: "PUT of the receipt", load: 2 },
  { fault: "S3: 500", at: "PUT of the receipt", times: TRIES, split: 2 },

  { fault: "time-out before the server acted", at: "GET of the receipt" },
  { fault: "reset at the start of the answer", at: "GET of the receipt", times: 2 },
  { fault: "S3: 503 SlowDown", at: "GET of the receipt", times: 2 },
  { fault: "S3: 500", at: "GET of the receipt", times: TRIES, load: 2 },
  { fault: "time-out after the server acted", at: "PUT of a load's lists" },
  { fault: "S3: 503 SlowDown", at: "PUT of a load's lists", times: 2 },
  { fault: "reset in the middle of the request", at: "PUT of a load's lists" },
  { fault: "answer lost", at: "DELETE of a load's lists" },
];
