// The loader's kill points while it changes tables and loads units. Of each transaction two moments: handed over (it goes on by itself) and
// committed (nobody has read the answer).
import { finished, object, sent, type Point } from "./kill-point.ts";

/** A load, and not the questions that come with it. */
export const LOAD = /^[^]*INSERT INTO log_router\.loads_\d/;
/** One that deletes the rows of older units. */
const REPLACING = /SET replaced_by = g\.replaced_by/;

export const CHANGING: readonly Point[] = [
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

/** Lines of shared parts, by table. */
const GATHERED = /^loads\/(?!scratch\/).*\/\d{6}\.ndjson\.zst$/;

export const GATHERING: readonly Point[] = [
  {
    name: "shared-part-read",
    after: "a part that several event types share was read",
    why: "units of several tables hang on it, and none of them is loaded",
    matches: object("GetObject", /^parts\//),
    scene: "shared",
    occurrences: [1, 3],
  },
  {
    name: "gathered-lines-put",
    after: "lines of shared parts were put, gathered for a table",
    why: "they are there twice, and nothing may ever read the object of a load that never was",
    matches: object("PutObject", GATHERED),
    scene: "shared",
    occurrences: [1, 3],
  },
  {
    name: "gathered-load-sent",
    after: "a batch of gathered lines was handed over",
    why: "it reads objects that nobody removes any more, while the next loader gathers the same lines",
    matches: sent("load", LOAD),
    scene: "shared",
    occurrences: [1, 2],
  },
  {
    name: "gathered-load-committed",
    after: "a batch of gathered lines was committed, its answer not read",
    why: "the rows are there, and the objects they came from as well",
    matches: finished("load", LOAD),
    scene: "shared",
    occurrences: [1, 2],
  },
  {
    name: "gathered-lines-removed",
    after: "gathered lines were deleted",
    why: "their units must be in `loads` by then",
    matches: object("DeleteObject", GATHERED),
    scene: "shared",
  },
];

export const LOADING_UNITS: readonly Point[] = [
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

export const REFUSED: readonly Point[] = [
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
    matches: object("PutObject", /^loads\/scratch\//),
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
