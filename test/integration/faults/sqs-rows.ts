// What goes wrong with SQS, under both workers. A standard queue delivers at least once, in any order: what is delivered again finds its
// work done.
import type { FaultRow } from "./fault-table.ts";

/** Tries of the entries that failed by themselves; then the message is left to be delivered again. */
const ENTRY_TRIES = 4;
/** A source that is delivered again is announced again. */
const AGAIN = { split: 2, load: 2 } as const;

/** Each request is about one source's messages: all rows at the same time. */
export const SQS_ROWS: readonly FaultRow[] = [
  { fault: "time-out before the server acted", at: "delete, split queue" },
  { fault: "time-out after the server acted", at: "delete, split queue" },
  { fault: "request lost", at: "delete, split queue" },
  { fault: "answer lost", at: "delete, split queue" },
  { fault: "SQS: 500", at: "delete, split queue", times: 2 },
  { fault: "500 after the server acted", at: "delete, split queue" },
  { fault: "SQS: throttled", at: "delete, split queue", times: 2 },
  { fault: "SQS: failed in part", at: "delete, split queue", times: 2 },
  { fault: "SQS: failed in part", at: "delete, split queue", times: ENTRY_TRIES, ...AGAIN },
  { fault: "SQS: done, they say, and is not", at: "delete, split queue", ...AGAIN },

  { fault: "time-out before the server acted", at: "delete, load queue" },
  { fault: "time-out after the server acted", at: "delete, load queue" },
  { fault: "answer lost", at: "delete, load queue" },
  { fault: "SQS: throttled", at: "delete, load queue", times: 2 },
  { fault: "SQS: failed in part", at: "delete, load queue", times: 2 },
  { fault: "SQS: failed in part", at: "delete, load queue", times: ENTRY_TRIES, load: 2 },
  { fault: "SQS: done, they say, and is not", at: "delete, load queue", load: 2 },

  // Told twice, a source has two attempts at the same time; the loser announces the winner's receipt.
  { fault: "request lost", at: "send to the load queue", toldTwice: true, ...AGAIN },
  { fault: "SQS: 500", at: "send to the load queue", toldTwice: true, times: 2, ...AGAIN },
  { fault: "SQS: failed in part", at: "send to the load queue", toldTwice: true, times: 2, ...AGAIN },
  // The message was taken, and is sent once more.
  { fault: "answer lost", at: "send to the load queue", toldTwice: true, split: 2, load: 3 },
  {
    fault: "time-out after the server acted",
    at: "send to the load queue",
    toldTwice: true,
    split: 2,
    load: 3,
  },
  // Not announced: the message goes back, and finds the receipt again.
  {
    fault: "SQS: failed in part",
    at: "send to the load queue",
    toldTwice: true,
    times: ENTRY_TRIES,
    split: 3,
    load: 2,
  },
  // Longer in work than a message is invisible: the next heartbeat keeps it.
  {
    fault: "SQS: 500",
    at: "heartbeat, split queue",
    and: { fault: "time-out before the server acted", at: "GET of the source" },
  },
];

/** Whatever is received next is hit: one row after the other. */
export const RECEIVE_ROWS: readonly FaultRow[] = [
  { fault: "request lost", at: "receive, split queue" },
  { fault: "SQS: 500", at: "receive, split queue", times: 2 },
  { fault: "SQS: throttled", at: "receive, load queue", times: 2 },
  {
    fault: "each message twice, last first",
    at: "receive, split queue",
    toldTwice: true,
    split: 2,
    load: [2, 4],
  },
  {
    fault: "each message twice, last first",
    at: "receive, load queue",
    toldTwice: true,
    split: 2,
    load: [2, 4],
  },
];

/** Nobody knows of these messages until they are visible again. */
export const LOST_ROWS: readonly [FaultRow, FaultRow] = [
  { fault: "messages lost on their way", at: "receive, split queue", split: 2 },
  { fault: "messages lost on their way", at: "receive, load queue", load: 2 },
];
