// The loader's kill points: every message action and every durable step of services/loader and of the warehouse behind it, in the order of a
// receipt's life. Of each transaction two moments: handed over (it goes on by itself) and committed (nobody has read the answer).
import { finished, isSending, object, queued, received, sent, visibility } from "./kill-point.ts";
import type { KillPoint } from "./kill-point.ts";
import { VISIBILITY_SECONDS } from "./scenes.ts";

type Point = Omit<KillPoint, "worker">;

const isAgain = (seconds: number): boolean => seconds === VISIBILITY_SECONDS;
/** A load, and not the questions that come with it. */
const LOAD = /^[^]*INSERT INTO log_router\.loads_\d/;
/** One that deletes the rows of older units. */
const REPLACING = /SET replaced_by = g\.replaced_by/;
const LOADING = /INSERT INTO log_router\.sources [^]*'loading'/;
const settledAs = (state: string): RegExp => new RegExp(`INSERT INTO log_router\\.sources [^]*'${state}'`);

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
    holds: (request) => isSending(request) && LOAD.test(request.sql),
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
    matches: queued("DeleteMessageBatch", "load"),
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

const CHANGING: readonly Point[] = [
  {
    name: "table-creation-sent",
    after: "the creation of a table was handed over",
    why: "it may commit after the worker's death: the next one plans from a catalog that changes",
    matches: sent("change", /CREATE TABLE/),
    occurrences: [1, 2],
  },
  {
    name: "table-created",
    after: "a table was created, with its rows of the catalog",
    why: "a table without rows must be used, not created beside",
    matches: finished("change", /CREATE TABLE/),
    occurrences: [1, 2],
  },
  {
    name: "column-added",
    after: "columns were added, with their rows of the catalog",
    why: "the same, for columns",
    matches: finished("change", /ADD COLUMN (?!"_lr_rewritten")/),
  },
  {
    name: "column-widened",
    after: "a column was made wider, outside a transaction",
    why: "the catalog still has the old width",
    matches: finished("change", /ALTER COLUMN .* TYPE/),
  },
  {
    name: "widening-recorded",
    after: "the catalog has the new width",
    why: "the plan that wanted it is gone",
    matches: finished("change", /SET "type" = 'string/),
  },
  {
    name: "column-rewritten",
    after: "an integer column was written anew as double, and renamed",
    why: "done twice it would fail or lose the column",
    matches: finished("change", /RENAME COLUMN/),
  },
];

const LOADING_UNITS: readonly Point[] = [
  {
    name: "checked-lines-put",
    after: "the checked lines of a staged load were put",
    why: "objects of a load that never was must not be read",
    matches: object("PutObject", /^loads\/.*\/checked-/),
    occurrences: [1, 2],
  },
  {
    name: "manifest-put",
    after: "a manifest was put",
    why: "as above",
    matches: object("PutObject", /^loads\/.*\/manifest-/),
    occurrences: [1, 3],
  },
  {
    name: "unit-list-put",
    after: "the list of a batch's units was put",
    why: "as above: the batch is as good as sent",
    matches: object("PutObject", /^loads\/.*\/units\.ndjson$/),
    occurrences: [1, 2],
  },
  {
    name: "replaced-list-put",
    after: "the list of the units to be replaced was put",
    why: "as above",
    matches: object("PutObject", /^loads\/.*\/replaced\.ndjson$/),
  },
  {
    name: "load-sent",
    after: "a batch was handed over",
    why: "it runs on and commits while the next loader plans the same units",
    matches: sent("load", LOAD),
    occurrences: [1, 2],
  },
  {
    name: "load-committed",
    after: "a batch was committed, its answer not read",
    why: "the rows are there, and only the ledger says so",
    matches: finished("load", LOAD),
    occurrences: [1, 2],
  },
  {
    name: "replacing-load-sent",
    after: "a batch that deletes the older source's rows was handed over",
    why: "both rows' ends hang on one transaction of a dead worker",
    matches: sent("load", REPLACING),
    occurrences: [1, 2],
    scene: "returning",
  },
  {
    name: "replacing-load-committed",
    after: "a batch that deletes the older source's rows was committed, its answer not read",
    why: "nothing may be deleted once more, nor come back",
    matches: finished("load", REPLACING),
    occurrences: [1, 2],
    scene: "returning",
  },
  {
    name: "load-objects-removed",
    after: "an object of a batch was deleted",
    why: "the others stay behind, and must mean nothing",
    matches: object("DeleteObject", /^loads\//),
    occurrences: [1, 4],
  },
];

const REFUSED: readonly Point[] = [
  {
    name: "refusal-probed",
    after: "what is left of a refused unit was tried without writing",
    why: "looking must leave nothing",
    matches: finished("probe", /NOLOAD/),
    scene: "refused",
  },
  {
    name: "scratch-part-put",
    after: "a part without the refused lines was put",
    why: "no receipt names it",
    matches: object("PutObject", /^loads\/[0-9a-f]{32}\/000000\./),
    scene: "refused",
    occurrences: [1, 2],
  },
  {
    name: "refused-lines-put",
    after: "the refused lines were put into quarantine",
    why: "the load that leaves them out has not been: they must be found again, and count once",
    matches: object("PutObject", /^quarantine\//),
    scene: "refused",
  },
  {
    name: "rest-load-sent",
    after: "the batch without the refused lines was handed over",
    why: "the ledger may say *rejected* after the worker's death",
    matches: sent("load", LOAD),
    scene: "refused",
  },
  {
    name: "rest-loaded",
    after: "the batch without the refused lines was committed, its answer not read",
    why: "rows and refused lines must add up",
    matches: finished("load", LOAD),
    scene: "refused",
  },
];

const SETTLING: readonly Point[] = [
  {
    name: "pending-written",
    after: "units that wait too long were written to `pending`",
    why: "their message is there as well: both will come up",
    matches: finished("put pending", /INSERT INTO log_router\.pending/),
    settings: { LOG_ROUTER_LOADER_HOLD_SECONDS: "1", LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "3" },
  },
  {
    name: "pending-message-deleted",
    after: "a message was deleted whose units are in `pending`",
    why: "`pending` alone knows of them",
    matches: queued("DeleteMessageBatch", "load"),
    settings: { LOG_ROUTER_LOADER_HOLD_SECONDS: "1", LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "3" },
    holds: (request) => isSending(request) && LOAD.test(request.sql),
  },
  {
    name: "pending-removed",
    after: "units loaded from `pending` were taken out of it",
    why: "their source may not be settled yet",
    matches: finished("", /DELETE FROM log_router\.pending USING lr_keys/),
    settings: { LOG_ROUTER_LOADER_HOLD_SECONDS: "1", LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "2" },
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
  ...LOADING_UNITS,
  ...REFUSED,
  ...SETTLING,
].map((point) => ({ ...point, worker: "loader" }));
