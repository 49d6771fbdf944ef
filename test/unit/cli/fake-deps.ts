// Ports for report tests: a store in memory with receipts in it, and a ledger that says exactly what the test wants it to say.
import { partKey, receiptKey, sourceId } from "../../../shared/contracts/keys.ts";
import type { Receipt } from "../../../shared/contracts/receipt.ts";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import type {
  LedgerRow,
  PendingRow,
  SourceRow,
  TableSummary,
  Warehouse,
  WarehouseReads,
} from "../../../shared/ports/warehouse.ts";
import type { Catalog } from "../../../shared/schema/types.ts";
import type { ReportDeps } from "../../../cli/reports/deps.ts";

const AT = new Date("2026-01-02T03:04:05.000Z");

export interface FakeLedger {
  readonly sources?: readonly SourceRow[];
  readonly loads?: readonly LedgerRow[];
  readonly pending?: readonly PendingRow[];
  readonly catalog?: Catalog;
  readonly counts?: Readonly<Record<string, Awaited<ReturnType<WarehouseReads["countRows"]>>>>;
}

export interface FakeDeps extends ReportDeps {
  readonly store: MemoryObjectStore;
  readonly splitQueue: MemoryQueue;
  readonly loadQueue: MemoryQueue;
  readonly backfillQueue: MemoryQueue;
}

export function idOf(key: string): string {
  return sourceId("local", key, `etag of ${key}`);
}

/** A receipt of a source with these lines by event type; everything else follows. */
export function receiptOf(
  key: string,
  types: Readonly<Record<string, number>>,
  changes: Partial<Omit<Receipt, "lines">> & { lines?: Partial<Receipt["lines"]> } = {},
): Receipt {
  const rows = Object.values(types).reduce((sum, lines) => sum + lines, 0);
  const { quarantined = 0, dropped = 0, blank = 0, normalised = 0 } = changes.lines ?? {};
  const total = rows + quarantined + dropped + blank;
  return {
    format: "log-router/receipt",
    version: 1,
    source: {
      id: idOf(key),
      bucket: "local",
      key,
      etag: `etag of ${key}`,
      last_modified: AT.toISOString(),
      bytes: 10,
    },
    generation: 0,
    attempt: "0123456789abcdef",
    lane: "live",
    split_at: AT.toISOString(),
    on_overwrite: "replace",
    state: "split",
    quarantine: [],
    parts: Object.entries(types).map(([event_type, lines], index) => ({
      key: partKey(idOf(key), "0123456789abcdef", index, ".zst"),
      bytes: 1,
      raw_bytes: 1,
      compression: "zstd",
      types: [{ event_type, lines, shape: { object: lines } }],
    })),
    ...changes,
    lines: { total, rows, quarantined, dropped, blank, normalised, ...changes.lines },
  };
}

/** What the ledger says when this receipt has been loaded whole. */
export function loadedRows(receipt: Receipt): { source: SourceRow; loads: LedgerRow[] } {
  const { source, generation, lines } = receipt;
  const units = receipt.parts.flatMap((part) => part.types);
  return {
    source: {
      sourceId: source.id,
      generation,
      bucket: source.bucket,
      key: source.key,
      etag: source.etag,
      lastModified: new Date(source.last_modified),
      bytes: source.bytes,
      lines: lines.total,
      blank: lines.blank,
      quarantined: lines.quarantined,
      dropped: lines.dropped,
      normalised: lines.normalised,
      state: "loaded",
      splitAt: AT,
      onOverwrite: "replace",
    },
    loads: units.map(({ event_type: eventType, lines: rows }) => ({
      sourceId: source.id,
      generation,
      eventType,
      table: eventType,
      rows,
      rejected: 0,
      rescued: 0,
      parts: 1,
      receiptKey: receiptKey(source.id, generation),
      batchId: "batch",
      lane: "live",
      loadedAt: AT,
    })),
  };
}

export async function fakeDeps(receipts: readonly Receipt[], ledger: FakeLedger = {}): Promise<FakeDeps> {
  const store = new MemoryObjectStore();
  for (const receipt of receipts) {
    const key = receiptKey(receipt.source.id, receipt.generation);
    await store.put({ bucket: "routed", key }, Buffer.from(JSON.stringify(receipt)));
  }
  return {
    store,
    routedBucket: "routed",
    warehouse: fakeWarehouse(ledger),
    splitQueue: new MemoryQueue({ name: "split" }),
    loadQueue: new MemoryQueue({ name: "load" }),
    backfillQueue: new MemoryQueue({ name: "backfill" }),
    now: new Date(AT.getTime() + 90_000),
  };
}

/** Only what the reports call; anything else throws, so that no test rests on an answer nobody gave. */
function fakeWarehouse(ledger: FakeLedger): Warehouse {
  const { sources = [], loads = [], pending = [], catalog, counts = {} } = ledger;
  const ordered = sources.toSorted((a, b) =>
    a.sourceId < b.sourceId ? -1 : a.sourceId > b.sourceId ? 1 : a.generation - b.generation,
  );
  const read: { [K in keyof WarehouseReads]?: WarehouseReads[K] | undefined } = {
    countTables: undefined,
    tableSummaries: async () => summaries(loads),
    sources: async ({ after, limit }) =>
      ordered
        .filter(
          (row) =>
            !after ||
            row.sourceId > after.sourceId ||
            (row.sourceId === after.sourceId && row.generation > after.generation),
        )
        .slice(0, limit),
    loads: async (ids) => loads.filter((unit) => ids.includes(unit.sourceId)),
    pendingCount: async () => pending.length,
    countRows: async (table) => counts[table] ?? [],
    rescuedPaths: async () => [],
    ddl: async (table) => `CREATE TABLE ${table} ()`,
  };
  const warehouse: Partial<Warehouse> = {
    name: "fake",
    read: strict(read),
    pending: async ({ limit }) => pending.slice(0, limit),
    findSources: async (where) =>
      "ids" in where
        ? ordered.filter((row) => where.ids.includes(row.sourceId))
        : ordered.filter((row) =>
            where.names.some((name) => name.bucket === row.bucket && name.key === row.key),
          ),
    catalog: async () => catalog ?? emptyCatalog(loads),
  };
  return strict(warehouse);
}

function strict<T extends object>(part: { [K in keyof T]?: T[K] | undefined }): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is missing throws when it is used
  return new Proxy(part, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name);
      throw new Error(`the fake has no ${String(name)}`);
    },
  }) as T;
}

function summaries(loads: readonly LedgerRow[]): TableSummary[] {
  const active = loads.filter((unit) => unit.replacedBy === undefined);
  return [...Map.groupBy(active, ({ eventType }) => eventType)].map(([eventType, units]) => ({
    eventType,
    table: units[0]!.table,
    rows: units.reduce((sum, { rows }) => sum + rows, 0),
    rejected: units.reduce((sum, { rejected }) => sum + rejected, 0),
    rescued: 0,
    columns: 3,
    sources: units.length,
    lastLoadedAt: AT,
    lastSourceAt: new Date(AT.getTime() - 30_000),
  }));
}

function emptyCatalog(loads: readonly LedgerRow[]): Catalog {
  const tables = [...new Set(loads.map(({ table }) => table))];
  return {
    version: "1",
    tables: new Map(
      tables.map((table) => [
        table,
        { table, eventTypes: [table], createdAt: AT, columns: [], catchAll: false },
      ]),
    ),
    tableOf: new Map(tables.map((table) => [table, table])),
    foreignTables: new Set(),
  };
}
