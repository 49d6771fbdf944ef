// The words in which tables are planned, for every warehouse: paths, column types, the catalog, and what a load needs to know.

/** Keys from the root object down. Never goes through arrays. `[]` is the whole line. */
export type Path = readonly string[];

/**
 * Column types that mean the same on every warehouse; each has one mapping to its SQL type (shared/warehouse/<name>/types.ts).
 * `string(n)`: n bytes of UTF-8. `json`: semi-structured (DuckDB JSON, Redshift SUPER). `epoch_*`: a number stored as timestamptz.
 * `hash`: SHA-256 hex of the value's text (configuration `hash`).
 */
export type ColumnType =
  | "integer"
  | "double"
  | "boolean"
  | "timestamp"
  | "timestamptz"
  | "date"
  | "json"
  | "hash"
  | "epoch_seconds"
  | "epoch_milliseconds"
  | `decimal(${number},${number})`
  | `string(${number})`;

/** One row of `log_router.columns`. Several columns may share a path (siblings per kind). */
export interface CatalogColumn {
  readonly path: Path;
  readonly type: ColumnType;
  readonly column: string;
  readonly addedAt: Date;
}

/** One row of `log_router.tables` with its columns. Several event types may share a table (routes, catch-all). */
export interface CatalogTable {
  readonly table: string;
  readonly eventTypes: readonly string[];
  readonly createdAt: Date;
  /** Without the system columns. In the order added. */
  readonly columns: readonly CatalogColumn[];
  /** True for the catch-all table: its one payload column has path `[]`. */
  readonly catchAll: boolean;
}

export interface Catalog {
  /** Opaque; changes whenever a row changes. A change computed from a stale version is refused as such. */
  readonly version: string;
  readonly tables: ReadonlyMap<string, CatalogTable>;
  /** Event type → table name, as `log_router.tables` has it. */
  readonly tableOf: ReadonlyMap<string, string>;
  /** Table names in the schema that the catalog does not know; never adopted, their names are taken. Lower case. */
  readonly foreignTables: ReadonlySet<string>;
}

export interface NewColumn {
  readonly path: Path;
  readonly type: ColumnType;
  readonly column: string;
}

/** A change of one table, applied in one transaction with its catalog rows. */
export interface TableChange {
  readonly table: string;
  /** Create the table (with system columns) before the columns are added. */
  readonly create: boolean;
  readonly catchAll: boolean;
  /** Event types newly mapped to the table. */
  readonly eventTypes: readonly string[];
  readonly addColumns: readonly NewColumn[];
  /** `string(n)` columns to be made wider. */
  readonly widen: readonly { readonly column: string; readonly from: ColumnType; readonly to: ColumnType }[];
  /** Integer columns of a young table to be rewritten as double; refused (→ `rewriteRefused`) when a stored value is beyond ±2^53 or the table has `rewrite_rows` rows. */
  readonly rewrite: readonly { readonly column: string; readonly from: "integer"; readonly to: "double" }[];
  /** Path of the sort key when the table is created, if configured. */
  readonly eventTime?: Path;
}

/** How one batch of units of one table is loaded. Made by shared/schema/plan-table.ts from the merged shape and the catalog. */
export interface TableLoadPlan {
  readonly table: string;
  /**
   * direct: the shape proves that every value fits its column; then each path has one column at the most (siblings only where
   * the warehouse puts each value into the one that fits it, `Warehouse.fillsSiblings`), no column's path lies within
   * another's, no object stands where a scalar is loaded, nothing is to be taken out of a json column, and there are no epoch and hash
   * columns to compute. staged: every value is checked, what does not fit is rescued. Loading a direct plan staged is always right.
   */
  readonly mode: "direct" | "staged";
  /** Why staged, for the log. */
  readonly reason?: string;
  /**
   * Columns to fill: a value goes to the first of its path's columns that fits it (siblings in this order: the pinned type, then as added).
   * direct: only those that the batch has values for, perhaps none; staged: all that the settings allow. A json column stores objects and
   * arrays of its path whole, also where there are columns below it; those are filled with what fits them, the rest is in the json.
   */
  readonly columns: readonly CatalogColumn[];
  /** Paths known to have values without a column (column limit). Of an object: every member without a column. Staged only, for the log. */
  readonly rescue?: readonly Path[];
  /**
   * True for the catch-all table. In every staged load, catch-all or not, what has no column and no json column above it is found in the
   * data itself and goes to `_lr_rescued`.
   */
  readonly catchAll: boolean;
  /** Paths never stored, not even inside json columns or `_lr_rescued`. */
  readonly exclude: readonly Path[];
  /** Paths stored only as hash; inside json columns they are left out. */
  readonly hash: readonly Path[];
}
