// The loader's kill points: every message action and every durable step of services/loader and of the warehouse behind it, in the order of a
// receipt's life. Of each transaction two moments: handed over (it goes on by itself) and committed (nobody has read the answer).
import { deleted, finished, object, queued, received, sent, visibility } from "./kill-point.ts";
import type { KillPoint, Point } from "./kill-point.ts";
import { CHANGING, GATHERING, LOAD, LOADING_UNITS, REFUSED } from "./loading-points.ts";
import { VISIBILITY_SECONDS } from "./scenes.ts";
import { isSending, type WireRequest } from "./wire.ts";

const isAgain = (seconds: number): boolean => seconds === VISIBILITY_SECONDS;
const LOADING = /INSERT INTO log_router\.sources [^]*'loading'/;
const settledAs = (state: string): RegExp => new RegExp(`INSERT INTO log_router\\.sources [^]*'${state}'`);

const isLoad = (request: WireRequest): boolean => isSending(request) && LOAD.test(request.sql);
const isPendingWritten = finished("put pending", /INSERT INTO log_router\.pending/);
/** Units go to `pending` when their load takes longer than this. */
const SHORT_HOLD = { LOG_ROUTER_LOADER_HOLD_SECONDS: "1" };

const MESSAGES: readonly Point[] = [
  {
    name: "message-received",
    after: "a receive has brought messages",
    why: "nobody works on them, and they are invisible: they must come back",
    matches: received("load"),
    occurrences: [1, 2],
  },
  {
    name: "message-extended",
    after: "the heartbeat has extended the visibility of a message in hand",
    why: "the message must not stay invisible for longer than the last extension",
    matches: visibility("load", isAgain),
    holds: isLoad,
  },
  {
    name: "message-returned",
    after: "a receipt could not be read, and its message was given back with a pause",
    why: "the pause must end by itself, in another process",
    matches: visibility("load", (seconds) => !isAgain(seconds)),
    refuses: ({ operation, key }) => operation === "GetObject" && key.startsWith("receipts/"),
  },
  {
    name: "foreign-message-buried",
    after: "a foreign message was sent to the dead letters",
    why: "it is still on the queue as well, and must not stay there",
    matches: queued("SendMessageBatch", "load-dead"),
    hasForeignMessage: true,
  },
  {
    name: "message-deleted",
    after: "a message was deleted",
    why: "its units must be in `loads` or in `pending` by then: nobody will announce them again",
    matches: deleted("load"),
    occurrences: [1, 3],
  },
];

const ADMITTING: readonly Point[] = [
  {
    name: "ledger-begun",
    after: "a step of creating schema, ledger and catalog was committed",
    why: "a ledger with half of its tables must be completed, never taken for a whole one",
    matches: finished("prepare", /^(CREATE|SET|LOCK)/),
    occurrences: [1, 3, 5],
  },
  {
    name: "receipt-read",
    after: "a receipt was read",
    why: "the message is in hand, the ledger knows nothing",
    matches: object("GetObject", /^receipts\//),
    occurrences: [1, 3],
  },
  {
    name: "sidecar-read",
    after: "the shapes beside a receipt were read",
    why: "the source is announced and has no unit in a batch",
    matches: object("GetObject", /^shapes\//),
    scene: "wide",
  },
  {
    name: "source-announced",
    after: "sources were announced in `sources`, state loading",
    why: "a source without rows must not stay in that state",
    matches: finished("settle sources", LOADING),
    occurrences: [1, 2],
  },
  {
    name: "source-superseding-sent",
    after: "the announcement of a source that replaces an older one was handed over",
    why: "it may commit after the worker's death",
    matches: sent("supersede", LOADING),
    scene: "returning",
    occurrences: [1, 2],
  },
  {
    name: "source-superseded",
    after: "a source was announced that replaces an older one, now `replaced`",
    why: "the older one's rows are still in the tables, and only its units say whose they are",
    matches: finished("supersede", LOADING),
    scene: "returning",
    occurrences: [1, 2],
  },
];

const SETTLING: readonly Point[] = [
  {
    name: "pending-written",
    after: "units that wait too long were written to `pending`",
    why: "their message is there as well: both will come up",
    matches: isPendingWritten,
    settings: SHORT_HOLD,
    holds: isLoad,
  },
  {
    name: "pending-message-deleted",
    after: "a message was deleted whose units are in `pending`",
    why: "`pending` alone knows of them",
    matches: deleted("load"),
    // The first one is the torn source's.
    occurrences: [2],
    settings: SHORT_HOLD,
    holds: isLoad,
  },
  {
    name: "pending-removed",
    after: "units that have been loaded were taken out of `pending`",
    why: "their source may not be settled yet",
    matches: finished("", /DELETE FROM log_router\.pending USING lr_keys/),
    settings: SHORT_HOLD,
    holds: isLoad,
    holdsUntil: isPendingWritten,
  },
  {
    name: "source-settled",
    after: "sources were settled as loaded",
    why: "their messages are still there",
    matches: finished("settle sources", settledAs("loaded")),
    occurrences: [1, 2],
  },
  {
    name: "failed-source-settled",
    after: "a torn source was settled as failed",
    why: "its message is still there",
    matches: finished("settle sources", settledAs("failed")),
  },
];

export const LOADER_POINTS: readonly KillPoint[] = [
  ...MESSAGES,
  ...ADMITTING,
  ...CHANGING,
  ...GATHERING,
  ...LOADING_UNITS,
  ...REFUSED,
  ...SETTLING,
].map((point) => ({ ...point, worker: "loader" }));
