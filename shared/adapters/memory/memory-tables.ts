// Tables and catalog in memory. Columns are what the catalog says; a row keeps its values by column name.
import type { Catalog, CatalogColumn, CatalogTable, TableChange } from "../../schema/types.ts";
import type { MemoryRow } from "./memory-row.ts";

export type ChangeResult =
  | { readonly kind: "applied" }
  | { readonly kind: "stale" }
  | { readonly kind: "rewriteRefused"; readonly columns: readonly { table: string; column: string }[] }
  | { readonly kind: "nameTaken"; readonly table: string; readonly column?: string };

const MAX_EXACT = 2n ** 53n;

export class MemoryTables {
  readonly rows = new Map<string, MemoryRow[]>();
  #tables = new Map<string, CatalogTable>();
  #version = 0;
  readonly #rewriteRows: number;
  /** Tables that somebody else has in the schema. Lower case. */
  readonly foreign: ReadonlySet<string>;
  /** Tables that exist without the catalog showing them to anyone (a name taken between reading and changing). */
  readonly hidden = new Set<string>();

  constructor(rewriteRows: number, foreign: Iterable<string>) {
    this.#rewriteRows = rewriteRows;
    this.foreign = new Set([...foreign].map((name) => name.toLowerCase()));
  }

  get version(): string {
    return String(this.#version);
  }

  catalog(): Catalog {
    const tableOf = new Map<string, string>();
    for (const table of this.#tables.values()) {
      for (const eventType of table.eventTypes) tableOf.set(eventType, table.table);
    }
    const foreignTables = new Set([...this.foreign, ...this.hidden]);
    return { version: this.version, tables: new Map(this.#tables), tableOf, foreignTables };
  }

  change(version: string, changes: readonly TableChange[], at: Date): ChangeResult {
    if (version !== this.version) return { kind: "stale" };
    for (const change of changes) {
      const taken = this.#taken(change);
      if (taken) return taken;
    }
    const columns = changes.flatMap((change) => this.#unfitForRewrite(change));
    if (columns.length > 0) return { kind: "rewriteRefused", columns };
    for (const change of changes) this.#apply(change, at);
    this.#version++;
    return { kind: "applied" };
  }

  #taken(change: TableChange): ChangeResult | undefined {
    const name = change.table.toLowerCase();
    const known = this.#tables.get(change.table);
    if (change.create && (known || this.foreign.has(name) || this.hidden.has(name))) {
      return { kind: "nameTaken", table: change.table };
    }
    if (!change.create && !known) throw new Error(`there is no table ${change.table} to change`);
    const names = new Set(known?.columns.map(({ column }) => column.toLowerCase()));
    for (const { column } of change.addColumns) {
      if (names.has(column.toLowerCase())) return { kind: "nameTaken", table: change.table, column };
      names.add(column.toLowerCase());
    }
    return undefined;
  }

  #unfitForRewrite(change: TableChange): { table: string; column: string }[] {
    const rows = this.rows.get(change.table) ?? [];
    return change.rewrite
      .filter(({ column }) => rows.length >= this.#rewriteRows || rows.some((row) => isBig(row, column)))
      .map(({ column }) => ({ table: change.table, column }));
  }

  #apply(change: TableChange, at: Date): void {
    const before = this.#tables.get(change.table);
    const retyped = new Map(
      [...change.widen, ...change.rewrite].map(({ column, to }) => [column, to] as const),
    );
    const kept = (before?.columns ?? []).map((column): CatalogColumn => {
      const type = retyped.get(column.column);
      return type ? { ...column, type } : column;
    });
    this.#tables.set(change.table, {
      table: change.table,
      eventTypes: [...(before?.eventTypes ?? []), ...change.eventTypes],
      createdAt: before?.createdAt ?? at,
      columns: [...kept, ...change.addColumns.map((column) => ({ ...column, addedAt: at }))],
      catchAll: before?.catchAll ?? change.catchAll,
    });
    if (!this.rows.has(change.table)) this.rows.set(change.table, []);
  }

  table(name: string): CatalogTable | undefined {
    return this.#tables.get(name);
  }
}

function isBig(row: MemoryRow, column: string): boolean {
  const text = row.values.get(column);
  if (text === undefined) return false;
  const integer = BigInt(text);
  return integer > MAX_EXACT || integer < -MAX_EXACT;
}
