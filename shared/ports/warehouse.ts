// What the loader and the reading verbs need of a warehouse. Everything the loader remembers is behind this port, written in the same
// transaction as the rows (DESIGN.md 4). Contract: test/contract/warehouse.ts.
import type { Lane } from "../contracts/words.ts";
import type { ReceiptSource } from "../contracts/receipt.ts";
import type { Catalog, TableChange, TableLoadPlan } from "../schema/types.ts";

/** The unit of loading: loaded whole, in one transaction, once, whatever table it goes to. */
export interface UnitKey {
  readonly sourceId: string;
  readonly generation: number;
  readonly eventType: string;
}

export interface UnitPart {
  readonly key: string;
  readonly bytes: number;
  /** Lines of the unit. */
  readonly lines: number;
  readonly compression: "zstd" | "gzip";
  /** All lines of the part; only where it has lines of other event types too (a mixed part), which the unit's reader passes over. */
  readonly mixedLines?: number;
  /**
   * Of the loader's own making, for one job: each of its lines belongs to one of the units that name it, and all of those are of one table.
   * Several units may name it; it is read once.
   */
  readonly gathered?: true;
}

export interface LoadUnit extends UnitKey {
  readonly receiptKey: string;
  readonly lane: Lane;
  /** Lines promised by the receipt; 0 for a type that a replacing source no longer has. */
  readonly lines: number;
  readonly parts: readonly UnitPart[];
  /** How many parts the receipt names, where `parts` are gathered ones: what the ledger says. */
  readonly receiptParts?: number;
  /** Bucket, key and last-modified of the source, for the guard against newer sources. */
  readonly source: ReceiptSource;
  /** Units whose rows this one takes the place of: deleted and marked `replaced_by` in the same transaction. */
  readonly replaces: readonly UnitKey[];
  /** Line numbers that the warehouse refused before and that are in quarantine by now. */
  readonly rejectedLines: readonly number[];
}

/** What one transaction is to do: all of it or nothing. */
export interface LoadJob {
  readonly batchId: string;
  /** Bucket of the parts. */
  readonly bucket: string;
  readonly tables: readonly { readonly plan: TableLoadPlan; readonly units: readonly LoadUnit[] }[];
  /** The catalog version that the plans were made from. */
  readonly catalogVersion: string;
}

export interface UnitLoaded extends UnitKey {
  readonly table: string;
  readonly rows: number;
  /** Values put into `_lr_rescued` by this load (not those that the splitter had put there). */
  readonly rescued: number;
}

/** `details.scope` of an ACCESS_DENIED that refuses the whole warehouse: the login, not one statement. */
export const WAREHOUSE_SCOPE = "warehouse";

/**
 * How a load ended. `loaded`: committed. `blocked`: the guard found units in `loads`, or superseded by a newer source or generation;
 * nothing was written, and the lists say which. `stale`: the catalog has changed, plan again. `refused`: the data was refused, nothing
 * was written. Anything else is thrown: WAREHOUSE_LOCKED and WAREHOUSE_UNAVAILABLE (retryable, the warehouse as a whole), TABLE_LOCKED
 * (retryable), WAREHOUSE_FAILED. After a throw the outcome is unknown until `loadedUnits` has been asked.
 */
export type LoadResult =
  | { readonly kind: "loaded"; readonly units: readonly UnitLoaded[]; readonly seconds: number }
  | {
      readonly kind: "blocked";
      readonly alreadyLoaded: readonly UnitKey[];
      readonly superseded: readonly UnitKey[];
    }
  | { readonly kind: "stale" }
  | {
      readonly kind: "refused";
      readonly table?: string;
      readonly reason: string;
      /** The refused lines, where the warehouse can tell them; else the loader finds them by halving, with `probe`. */
      readonly lines?: readonly RefusedLine[];
    };

/** A line that the warehouse refused, by the source and number of the line. */
export interface RefusedLine {
  readonly sourceId: string;
  readonly line: number;
}

/**
 * State of a source in the ledger. Only `loaded` ones have rows.
 *
 * Which row *blocks* which, for the guard of `load`, for `supersede` and for `settleSources` alike: a row blocks the older sources of its
 * bucket and key (older by last-modified, then source id) when its `onOverwrite` is `replace` and its state neither `failed` nor `dead`; so
 * an `ignored` one with `replace` does (content that came back while it was still loaded). A row in state `loading`, `loaded` or `replaced`
 * also blocks the lower generations of its own source.
 */
export type SourceState = "loading" | "loaded" | "failed" | "replaced" | "ignored" | "dead";

/** One row of `log_router.sources`. */
export interface SourceRow {
  readonly sourceId: string;
  readonly generation: number;
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly lastModified: Date;
  readonly bytes: number;
  readonly lines: number;
  readonly blank: number;
  readonly quarantined: number;
  readonly dropped: number;
  readonly normalised: number;
  readonly state: SourceState;
  readonly splitAt: Date;
  /** How this source treats older ones of its bucket and key; only a newer `replace` source blocks and replaces older ones. */
  readonly onOverwrite: "replace" | "append" | "ignore";
  /** Why it is failed, ignored or dead. */
  readonly reason?: string;
}

/** One row of `log_router.loads`. */
export interface LedgerRow extends UnitKey {
  readonly table: string;
  readonly rows: number;
  readonly rejected: number;
  readonly rescued: number;
  readonly parts: number;
  readonly receiptKey: string;
  readonly batchId: string;
  readonly lane: Lane;
  readonly loadedAt: Date;
  /** Source id and generation of the unit that replaced it, `<source_id>/<generation>`. */
  readonly replacedBy?: string;
}

/**
 * One row of `log_router.pending`. A row with an empty event type stands for no unit but for the row of its source, which somebody has to
 * settle once the units are loaded, also when the loader that loaded the last one died before it could.
 */
export interface PendingRow extends UnitKey {
  readonly receiptKey: string;
  readonly attempts: number;
  readonly lastError: string;
  readonly nextTry: Date;
  readonly since: Date;
}

export interface Warehouse extends AsyncDisposable {
  /** For people: `duckdb:<file>`, `redshift:<workgroup>/<database>`. */
  readonly name: string;
  /** Tables that one load may have at the most, where its transaction is limited. Default: no limit. */
  readonly maxTablesPerLoad?: number;
  /** Loads of different tables that go faster side by side than as one transaction, where there is much to load. Default: 1. */
  readonly loadsAtOnce?: number;
  /** A direct load may have several columns of one path: it puts each value into the first that fits it. Default: false. */
  readonly fillsSiblings?: boolean;
  /** Creates schema, ledger and catalog when absent; refuses one of another version. Idempotent, safe beside others. */
  prepare(signal?: AbortSignal): Promise<void>;
  /** Resolves when the warehouse answers; throws WAREHOUSE_UNAVAILABLE or WAREHOUSE_LOCKED. */
  ping(signal?: AbortSignal): Promise<void>;

  catalog(signal?: AbortSignal): Promise<Catalog>;
  /**
   * Applies changes under the catalog lock, if the catalog is still at `version`: else `stale`. `rewriteRefused` names the columns whose
   * rewriting the stored values forbid, `widenRefused` those that the warehouse does not make wider; nothing was applied then, plan again
   * with siblings. A name that the warehouse already has and the catalog does not know gives `nameTaken`; nothing was applied.
   */
  change(
    version: string,
    changes: readonly TableChange[],
    signal?: AbortSignal,
  ): Promise<
    | { readonly kind: "applied" }
    | { readonly kind: "stale" }
    | { readonly kind: "rewriteRefused"; readonly columns: readonly { table: string; column: string }[] }
    | { readonly kind: "widenRefused"; readonly columns: readonly { table: string; column: string }[] }
    | { readonly kind: "nameTaken"; readonly table: string; readonly column?: string }
  >;

  /** One transaction: slots, guard, rows, count, ledger. */
  load(job: LoadJob, signal?: AbortSignal): Promise<LoadResult>;
  /**
   * As `load`, with the same transaction always rolled back and no guard: would the warehouse take these rows? For finding refused lines by
   * halving: a unit may name some of its parts only, `lines` being their lines, and `rejectedLines` are left out. Same throws as `load`.
   */
  probe?(
    job: LoadJob,
    signal?: AbortSignal,
  ): Promise<
    | { readonly kind: "accepted" }
    | { readonly kind: "stale" }
    | { readonly kind: "refused"; readonly reason: string; readonly lines?: readonly RefusedLine[] }
  >;
  /** Which of these units are in `loads` (marked as replaced or not). Proof of presence only. */
  loadedUnits(keys: readonly UnitKey[], signal?: AbortSignal): Promise<readonly LedgerRow[]>;

  /**
   * Announces a source that replaces older ones of its bucket and key, or a lower generation of itself: holding all slots, inserts its
   * row in `sources` (state `loading`) and marks the older sources `replaced`. From then on no unit of an older one can load. Returns the
   * units in `loads` that it has to replace (not yet replaced), or `superseded` when a newer source or generation is already there.
   * Idempotent.
   */
  supersede(
    row: SourceRow,
    signal?: AbortSignal,
  ): Promise<
    { readonly kind: "ready"; readonly units: readonly UnitKey[] } | { readonly kind: "superseded" }
  >;

  /**
   * Inserts or completes rows of `sources`: in a final state those all units of which are in `loads` (or which have none), in state
   * `loading` those about to be loaded, so that two loaders with two sources of one name see each other before their first unit.
   * `conflicts` names the rows that were not written: rows to be `loading` or `loaded` that are `replaced` by now or blocked, that would
   * block another source (or a lower generation) in state `loading` or `loaded` which has not been superseded, or that say `ignore` where
   * another source of the name is `loading` or `loaded`. The older of the two has to be superseded first. Never undoes `replaced`.
   */
  settleSources(
    rows: readonly SourceRow[],
    signal?: AbortSignal,
  ): Promise<{ readonly conflicts: readonly SourceRow[] }>;
  /** Rows of `sources` with the same bucket and key, or with one of the ids. */
  findSources(
    where:
      | { readonly ids: readonly string[] }
      | { readonly names: readonly { bucket: string; key: string }[] },
    signal?: AbortSignal,
  ): Promise<readonly SourceRow[]>;

  putPending(rows: readonly PendingRow[], signal?: AbortSignal): Promise<void>;
  /** Pending units, due ones only if `dueBefore` is given, oldest `nextTry` first. Units already in `loads` are removed on the way. */
  pending(
    options: { readonly dueBefore?: Date; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<readonly PendingRow[]>;
  removePending(keys: readonly UnitKey[], signal?: AbortSignal): Promise<void>;

  /** Reading for the verbs. */
  readonly read: WarehouseReads;
}

export interface TableSummary {
  readonly eventType: string;
  readonly table: string;
  readonly rows: number;
  readonly rejected: number;
  readonly rescued: number;
  readonly columns: number;
  readonly sources: number;
  readonly lastLoadedAt?: Date;
  /** Last-modified of the oldest source in the load at `lastLoadedAt`: the time between the two is the freshness of that load. */
  readonly lastSourceAt?: Date;
}

/** What a table has of one source, and what the ledger says that it has. */
export interface SourceCount {
  readonly sourceId: string;
  /** Rows in the table. */
  readonly rows: number;
  /** Rows beyond the first of their `_lr_line`. */
  readonly repeated: number;
  /** Rows of the units in `loads` that are not replaced. */
  readonly promised: number;
}

export interface WarehouseReads {
  /** Per event type, from the ledger. Rows of units not replaced. */
  tableSummaries(signal?: AbortSignal): Promise<readonly TableSummary[]>;
  /** Every row of `sources`, in pages by (source_id, generation). */
  sources(
    options: { readonly after?: { sourceId: string; generation: number }; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<readonly SourceRow[]>;
  /** Ledger rows of the given sources. */
  loads(sourceIds: readonly string[], signal?: AbortSignal): Promise<readonly LedgerRow[]>;
  /** Units in `pending`; rows that stand for their source are not counted. */
  pendingCount(signal?: AbortSignal): Promise<number>;
  /**
   * Counts the table's rows by source and event type: `rows`, and `repeated` = rows beyond the first of their `_lr_source, _lr_line`.
   * For `audit --tables`.
   */
  countRows(
    table: string,
    signal?: AbortSignal,
  ): Promise<readonly { sourceId: string; eventType: string; rows: number; repeated: number }[]>;
  /**
   * Many tables in one pass, each at one moment, in the order given: the sources that have rows in it or are promised some. Where a read
   * by itself is cheap it may be missing; `countRows` and `loads` tell the same.
   */
  countTables?(
    tables: readonly string[],
    signal?: AbortSignal,
  ): AsyncIterable<{ readonly table: string; readonly sources: readonly SourceCount[] }>;
  /** Rows of a table as documents of column name → value (JSON-ready), ordered by `_lr_source, _lr_line`. For previews and tests. */
  sampleRows(
    table: string,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Values in `_lr_rescued` of a table, counted by path, most first. */
  rescuedPaths(table: string, signal?: AbortSignal): Promise<readonly { path: string; values: number }[]>;
  /** The statement that creates the table as it is now. */
  ddl(table: string, signal?: AbortSignal): Promise<string>;
}
