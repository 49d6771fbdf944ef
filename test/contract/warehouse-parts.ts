// Part objects and load jobs for the warehouse suites, made the way the splitter makes them.
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { sourceId } from "../../shared/contracts/keys.ts";
import type { LoadJob, LoadUnit, SourceRow, UnitKey, UnitPart } from "../../shared/ports/warehouse.ts";
import type {
  Catalog,
  CatalogColumn,
  ColumnType,
  NewColumn,
  Path,
  TableChange,
  TableLoadPlan,
} from "../../shared/schema/types.ts";

/** A line of a part as text: system members in front of a document's JSON text, `_lr_rescued` (JSON text) if any. */
export function partLine(
  source: string,
  line: number,
  eventType: string,
  document: string,
  rescued?: string,
): string {
  const system = `"_lr_source":${JSON.stringify(source)},"_lr_line":${line},"_lr_event_type":${JSON.stringify(eventType)}`;
  const members = document.slice(document.indexOf("{") + 1, document.lastIndexOf("}")).trim();
  return `{${[system, ...(rescued === undefined ? [] : [`"_lr_rescued":${rescued}`]), ...(members === "" ? [] : [members])].join(",")}}`;
}

export function compressPart(lines: readonly string[], compression: "zstd" | "gzip" = "zstd"): Uint8Array {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""), "utf8");
  return compression === "zstd" ? zstdCompressSync(bytes) : gzipSync(bytes);
}

/** One version of a source object; `at` orders the versions of one key. */
export interface TestSource {
  readonly id: string;
  readonly key: string;
  readonly lastModified: Date;
}

export function testSource(key: string, version = 0): TestSource {
  const lastModified = new Date(Date.UTC(2026, 0, 1) + version * 60_000);
  return { id: sourceId("local", key, `etag-${version}`), key, lastModified };
}

export function sourceRow(source: TestSource, over: Partial<SourceRow> = {}): SourceRow {
  return {
    sourceId: source.id,
    generation: 0,
    bucket: "local",
    key: source.key,
    etag: createHash("md5").update(source.id).digest("hex"),
    lastModified: source.lastModified,
    bytes: 1000,
    lines: 10,
    blank: 1,
    quarantined: 2,
    dropped: 3,
    normalised: 4,
    state: "loaded",
    splitAt: new Date(Date.UTC(2026, 0, 2)),
    onOverwrite: "replace",
    ...over,
  };
}

export function unitKeyOf(source: TestSource, eventType: string, generation = 0): UnitKey {
  return { sourceId: source.id, generation, eventType };
}

export function loadUnit(
  source: TestSource,
  eventType: string,
  parts: readonly UnitPart[],
  over: Partial<LoadUnit> = {},
): LoadUnit {
  const generation = over.generation ?? 0;
  return {
    sourceId: source.id,
    generation,
    eventType,
    receiptKey: `receipts/${source.id}/${generation}.json`,
    lane: "live",
    lines: parts.reduce((sum, part) => sum + part.lines, 0),
    parts,
    source: {
      id: source.id,
      bucket: "local",
      key: source.key,
      etag: "etag",
      last_modified: source.lastModified.toISOString(),
      bytes: 1000,
    },
    replaces: [],
    rejectedLines: [],
    ...over,
  };
}

export function newColumn(path: Path | string, type: ColumnType, column: string): NewColumn {
  return { path: typeof path === "string" ? path.split(".") : path, type, column };
}

export function tableChange(table: string, over: Partial<TableChange> = {}): TableChange {
  return {
    table,
    create: true,
    catchAll: false,
    eventTypes: [],
    addColumns: [],
    widen: [],
    rewrite: [],
    ...over,
  };
}

/** A plan that fills every column the catalog has, or `columns`. */
export function loadPlan(
  catalog: Catalog,
  table: string,
  mode: "direct" | "staged",
  over: Partial<TableLoadPlan> = {},
): TableLoadPlan {
  const known = catalog.tables.get(table);
  const columns: readonly CatalogColumn[] = known?.columns ?? [];
  return { table, mode, columns, catchAll: known?.catchAll ?? false, exclude: [], hash: [], ...over };
}

export function loadJob(
  catalog: Catalog,
  bucket: string,
  tables: LoadJob["tables"],
  batchId = "batch-1",
): LoadJob {
  return { batchId, bucket, tables, catalogVersion: catalog.version };
}
