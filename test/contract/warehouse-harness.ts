// One warehouse under test, with what the suites need around it.
import type { LoadResult, LoadUnit, UnitPart, Warehouse } from "../../shared/ports/warehouse.ts";
import { type ExactJson, parseExact } from "../../shared/schema/exact-json.ts";
import { rebuildDocument, rescuedValues } from "../../shared/schema/rebuild.ts";
import { canonical } from "../../shared/schema/same-document.ts";
import type { Catalog, NewColumn, TableChange, TableLoadPlan } from "../../shared/schema/types.ts";
import type { TestSource } from "./warehouse-parts.ts";
import { compressPart, loadJob, loadPlan, loadUnit, partLine, tableChange } from "./warehouse-parts.ts";

/** What a factory gives: an empty warehouse and a bucket for parts. Disposed after each test. */
export interface WarehouseHarness extends AsyncDisposable {
  readonly warehouse: Warehouse;
  readonly bucket: string;
  /** In front of the keys of parts, with its slash. Default: none. */
  readonly prefix?: string;
  /** Puts a part object where the warehouse reads it. */
  put(key: string, bytes: Uint8Array): Promise<void>;
}

export interface WarehouseOptions {
  /** `tables.rewrite_rows`. */
  readonly rewriteRows: number;
  /** Tables in the event schema that the catalog does not know. */
  readonly foreignTables: readonly string[];
}

export type OpenWarehouse = (options: WarehouseOptions) => Promise<WarehouseHarness>;

/** Shortcuts over a harness, for tests that read as what they say. */
export class WarehouseBench {
  readonly harness: WarehouseHarness;
  #parts = 0;

  constructor(harness: WarehouseHarness) {
    this.harness = harness;
  }

  get warehouse(): Warehouse {
    return this.harness.warehouse;
  }

  /** A part with the given documents (JSON texts) of one event type, numbered from `firstLine`. */
  async part(
    source: TestSource,
    eventType: string,
    documents: readonly string[],
    options: { firstLine?: number; rescued?: string; compression?: "zstd" | "gzip" } = {},
  ): Promise<UnitPart> {
    const { firstLine = 1, rescued, compression = "zstd" } = options;
    const lines = documents.map((text, at) => partLine(source.id, firstLine + at, eventType, text, rescued));
    return this.rawPart(compressPart(lines, compression), lines.length, compression);
  }

  async rawPart(bytes: Uint8Array, lines: number, compression: "zstd" | "gzip" = "zstd"): Promise<UnitPart> {
    const key = `${this.harness.prefix ?? ""}parts/${String(++this.#parts).padStart(6, "0")}.ndjson.${compression === "zstd" ? "zst" : "gz"}`;
    await this.harness.put(key, bytes);
    return { key, bytes: bytes.length, lines, compression };
  }

  /** A unit with one part of documents `{"n": 1}`, `{"n": 2}` … */
  async unit(
    source: TestSource,
    eventType: string,
    lines: number,
    over: Partial<LoadUnit> = {},
  ): Promise<LoadUnit> {
    const documents = Array.from({ length: lines }, (_, at) => `{"n":${at + 1}}`);
    const parts = lines === 0 ? [] : [await this.part(source, eventType, documents)];
    return loadUnit(source, eventType, parts, over);
  }

  async change(...changes: readonly TableChange[]): Promise<Catalog> {
    const { version } = await this.warehouse.catalog();
    const result = await this.warehouse.change(version, changes);
    if (result.kind !== "applied") throw new Error(`change: ${JSON.stringify(result)}`);
    return this.warehouse.catalog();
  }

  /** A table for one event type of the same name, or for those given. */
  createTable(
    table: string,
    addColumns: readonly NewColumn[],
    over: Partial<TableChange> = {},
  ): Promise<Catalog> {
    return this.change(tableChange(table, { eventTypes: [table], addColumns, ...over }));
  }

  async load(
    table: string,
    units: readonly LoadUnit[],
    mode: "direct" | "staged" = "direct",
    over: Partial<TableLoadPlan> = {},
  ): Promise<LoadResult> {
    const catalog = await this.warehouse.catalog();
    const plan = loadPlan(catalog, table, mode, over);
    return this.warehouse.load(loadJob(catalog, this.harness.bucket, [{ plan, units }]));
  }

  /** Documents of a table, rebuilt through catalog and rescued values, canonical text each, in the order of source and line. */
  async documents(table: string): Promise<string[]> {
    return (await this.rebuilt(table)).map(canonical);
  }

  async rebuilt(table: string): Promise<ExactJson[]> {
    const { tables } = await this.warehouse.catalog();
    const rows = await this.warehouse.read.sampleRows(table, 100_000);
    const columns = tables.get(table)?.columns ?? [];
    return rows.map((row) => rebuildDocument(columns, row, rescuedValues(row["_lr_rescued"])));
  }

  /** Rows of a table as `<_lr_source>/<_lr_line>`. */
  async lines(table: string): Promise<string[]> {
    const rows = await this.warehouse.read.sampleRows(table, 100_000);
    return rows.map((row) => `${String(row["_lr_source"])}/${String(row["_lr_line"])}`);
  }
}

export const canonicalText = (json: string): string => canonical(parseExact(json));
