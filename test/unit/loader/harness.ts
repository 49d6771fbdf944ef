// A loader over stores, queue and warehouse in memory, with time moved by hand; and receipts made the way the splitter makes them.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { zstdCompressSync } from "node:zlib";
import { createLoader, type Loader } from "../../../services/loader/create-loader.ts";
import type { LoaderDeps } from "../../../services/loader/loader.ts";
import { MemoryMetrics } from "../../../shared/adapters/memory/memory-metrics.ts";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import {
  MemoryWarehouse,
  type MemoryWarehouseOptions,
} from "../../../shared/adapters/memory/memory-warehouse.ts";
import { configSchema, type Config } from "../../../shared/config/schema.ts";
import { partKey, receiptKey, sourceId } from "../../../shared/contracts/keys.ts";
import { s3Notification } from "../../../shared/contracts/notification.ts";
import type { Receipt } from "../../../shared/contracts/receipt.ts";
import type { ObjectBatch, ObjectStore } from "../../../shared/ports/object-store.ts";
import type { SourceRow, Warehouse } from "../../../shared/ports/warehouse.ts";
import { ManualClock } from "../../../shared/runtime/clock.ts";
import { batchOf } from "../../../shared/runtime/object-batch.ts";
import { shapeOfJson } from "../../../shared/shape/shape-of-json.ts";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { mergeShape, Shape } from "../../../shared/shape/shape.ts";

export const BUCKET = "routed";
const KEYS_PER_DEPTH = configSchema.parse({}).splitter.keys_per_depth;

export interface SourceSpec {
  readonly key: string;
  /** Content: the ETag follows from it. */
  readonly content?: string;
  /** Seconds: orders the versions of a key. */
  readonly at?: number;
  readonly generation?: number;
  readonly returned?: boolean;
  /** Event type → documents as JSON text. */
  readonly types: Readonly<Record<string, readonly string[]>>;
  /** Lines of one part at the most. */
  readonly linesPerPart?: number;
  /** Event types of one part; more than one gives mixed parts, with all lines of their types. Default 1. */
  readonly typesPerPart?: number;
  /** Number of a line that is written broken, as no splitter does. */
  readonly breakLine?: number;
  readonly over?: Partial<Receipt>;
}

export interface PutSource {
  readonly id: string;
  readonly receiptKey: string;
  readonly receipt: Receipt;
}

/** Writes parts and receipt of a source into the routed bucket. */
export async function putSource(store: ObjectStore, spec: SourceSpec): Promise<PutSource> {
  const etag = spec.content ?? "a";
  const id = sourceId("local", spec.key, etag);
  const generation = spec.generation ?? 0;
  const attempt = `${generation}`.padStart(16, "0");
  const parts: Receipt["parts"] = [];
  let line = 0;
  for (const types of pieces(spec)) {
    const lines = types.flatMap(({ eventType, documents }) =>
      documents.map((document) => {
        const text = partLine(id, ++line, eventType, document);
        return `${line === spec.breakLine ? text.slice(0, -1) : text}\n`;
      }),
    );
    // Two frames, as parts have many.
    const frames = [lines.slice(0, 1), lines.slice(1)].map((half) => zstdCompressSync(half.join("")));
    const key = partKey(id, attempt, parts.length, ".zst");
    const { bytes } = await store.put({ bucket: BUCKET, key }, Buffer.concat(frames));
    parts.push({
      key,
      bytes,
      raw_bytes: lines.join("").length,
      compression: "zstd",
      types: types.map(({ eventType, documents, isFirst }) => ({
        event_type: eventType,
        lines: documents.length,
        ...(isFirst ? { shape: shapeOf(spec.types[eventType]!) } : {}),
      })),
    });
  }
  const receipt: Receipt = {
    format: "log-router/receipt",
    version: 1,
    source: {
      id,
      bucket: "local",
      key: spec.key,
      etag,
      last_modified: new Date(Date.UTC(2026, 0, 1) + (spec.at ?? 0) * 1000).toISOString(),
      bytes: 100,
    },
    generation,
    attempt,
    lane: "live",
    split_at: "2026-01-01T00:00:00.000Z",
    on_overwrite: "replace",
    state: "split",
    ...(spec.returned ? { returned: true } : {}),
    lines: { total: line, rows: line, quarantined: 0, dropped: 0, blank: 0, normalised: 0 },
    quarantine: [],
    parts,
    ...spec.over,
  };
  const key = receiptKey(id, generation);
  await store.put({ bucket: BUCKET, key }, Buffer.from(JSON.stringify(receipt)));
  return { id, receiptKey: key, receipt };
}

interface Piece {
  readonly eventType: string;
  readonly documents: readonly string[];
  /** Of the event type. */
  readonly isFirst: boolean;
}

/** What goes into each part. */
function pieces({ types, linesPerPart = 1_000, typesPerPart = 1 }: SourceSpec): Piece[][] {
  const all = Object.entries(types);
  if (typesPerPart === 1)
    return all.flatMap(([eventType, documents]) =>
      chunks(documents, linesPerPart).map((some, at) => [{ eventType, documents: some, isFirst: at === 0 }]),
    );
  return chunks(all, typesPerPart).map((some) =>
    some.map(([eventType, documents]) => ({ eventType, documents, isFirst: true })),
  );
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

export function partLine(source: string, line: number, eventType: string, document: string): string {
  const system = `"_lr_source":"${source}","_lr_line":${line},"_lr_event_type":${JSON.stringify(eventType)}`;
  const members = document.trim().slice(1, -1);
  return `{${system}${members === "" ? "" : `,${members}`}}`;
}

function shapeOf(documents: readonly string[]): ReturnType<typeof shapeToJson> {
  const shape = new Shape();
  for (const document of documents) mergeShape(shape, shapeOfJson(document, KEYS_PER_DEPTH), KEYS_PER_DEPTH);
  return shapeToJson(shape);
}

export function notification(key: string): string {
  return s3Notification(BUCKET, key, 1_000, "etag");
}

export interface LogEntry {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface Harness {
  readonly clock: ManualClock;
  readonly store: MemoryObjectStore;
  readonly queue: MemoryQueue;
  readonly warehouse: MemoryWarehouse;
  readonly metrics: MemoryMetrics;
  readonly config: Config;
  readonly log: LogEntry[];
  readonly warnings: string[];
  readonly settledRows: SourceRow[];
  /** Another loader over the same ports. */
  loader(over?: Partial<LoaderDeps>): Loader;
  put(spec: SourceSpec): Promise<PutSource>;
  announce(...sources: readonly PutSource[]): Promise<void>;
  /** The warehouse that loaders get: `warehouse`, with its calls counted. Wrap this one. */
  readonly counted: Warehouse;
  /** As `counted`, the store. */
  readonly countedStore: ObjectStore;
  /** Moves time on, once what the warehouse is doing has been done. */
  advance(ms: number): Promise<void>;
  /** Moves time on in steps until the condition holds; fails after `seconds` of it. */
  until(what: string, condition: () => boolean | Promise<boolean>, seconds?: number): Promise<void>;
  /** Until the queue is empty and the loaders have nothing in hand. */
  untilDone(...loaders: readonly Loader[]): Promise<void>;
}

export interface HarnessOptions {
  readonly loader?: Partial<Config["loader"]>;
  readonly tables?: Partial<Config["tables"]>;
  readonly config?: Record<string, unknown>;
  readonly warehouse?: Partial<MemoryWarehouseOptions>;
}

/** Seconds that a test may take in the clock's time. */
const PATIENCE_SECONDS = 4 * 3600;

export function harness(options: HarnessOptions = {}): Harness {
  const clock = new ManualClock();
  const store = new MemoryObjectStore({ clock });
  const queue = new MemoryQueue({ clock, name: "load", maxReceives: 5 });
  const warehouse = new MemoryWarehouse({ store, clock, ...options.warehouse });
  const { counted, quiet: warehouseQuiet } = counting<Warehouse>(warehouse);
  const { counted: countedStore, quiet: storeQuiet } = counting<ObjectStore>(withBatches(store));
  const quiet = async (): Promise<void> => {
    await storeQuiet();
    await warehouseQuiet();
  };
  const metrics = new MemoryMetrics();
  const config = configSchema.parse({
    ...options.config,
    loader: { batch_age_seconds: 10, ...options.loader },
    tables: { ...options.tables },
  });
  const log: LogEntry[] = [];
  const warnings: string[] = [];
  const settledRows: SourceRow[] = [];
  const write =
    (level: string) =>
    (fields: object, message: string): void =>
      void log.push({ level, fields: { ...fields }, message });
  const deps: LoaderDeps = {
    store: countedStore,
    loadQueue: queue,
    warehouse: counted,
    routedBucket: BUCKET,
    metrics,
    log: { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") },
    clock,
    observer: {
      warning: (message) => void warnings.push(message),
      sourceSettled: (row) => void settledRows.push(row),
    },
    random: () => 0.5,
  };
  async function until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    seconds = PATIENCE_SECONDS,
  ) {
    const end = clock.now().getTime() + seconds * 1000;
    for (let step = 100; !(await condition()); step = Math.min(5_000, step * 2)) {
      assert.ok(clock.now().getTime() < end, `waited ${seconds} s for ${what}\n${tail(log)}`);
      await advance(step);
    }
  }
  async function advance(ms: number): Promise<void> {
    await quiet();
    await clock.advance(ms);
    await quiet();
  }
  return {
    advance,
    counted,
    countedStore,
    clock,
    store,
    queue,
    warehouse,
    metrics,
    config,
    log,
    warnings,
    settledRows,
    until,
    loader: (over = {}) => createLoader({ ...deps, ...over }, config),
    put: (spec) => putSource(store, spec),
    announce: (...sources) => queue.send(sources.map((source) => notification(source.receiptKey))),
    untilDone: (...loaders) =>
      until("the loaders to be done", async () => {
        const { visible, inFlight, delayed } = await queue.depth();
        return (
          visible + inFlight + delayed === 0 &&
          loaders.every(({ status }) => status.receipts + status.loads === 0)
        );
      }),
  };
}

/** With batches: who has one open is at work, be it between two calls. */
function withBatches(store: MemoryObjectStore): ObjectStore {
  return new Proxy(store, {
    get(target, property) {
      if (property === "batch") return () => batchOf(target);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Decompressing happens on other threads: time must not run away meanwhile. */
function counting<T extends object>(port: T): { counted: T; quiet: () => Promise<void> } {
  let calls = 0;
  const counted = new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function" || property === "list") return value;
      if (property === "batch")
        return (): ObjectBatch => {
          calls++;
          const batch: ObjectBatch = Reflect.apply(value, target, []);
          const end = async (): Promise<void> => void calls--;
          return { ...batch, [Symbol.asyncDispose]: end };
        };
      return async (...args: unknown[]): Promise<unknown> => {
        calls++;
        try {
          return await Reflect.apply(value, target, args);
        } finally {
          calls--;
        }
      };
    },
  });
  async function quiet(): Promise<void> {
    for (let turns = 0; turns < 5; turns++) {
      await turn();
      if (calls > 0) turns = -1;
    }
  }
  return { counted, quiet };
}

function tail(log: readonly LogEntry[]): string {
  return log
    .slice(-15)
    .map(({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields)}`)
    .join("\n");
}

/** `_lr_source, _lr_line` of every row of every table, sorted: what is in the warehouse, exactly. */
export function storedLines(warehouse: MemoryWarehouse): string[] {
  return [...warehouse.tables.rows.values()]
    .flat()
    .map((row) => `${row.source} ${row.line} ${row.eventType}`)
    .sort();
}

/** What a source's lines look like in `storedLines`. */
export function linesOf({ id, receipt }: PutSource): string[] {
  let line = 0;
  return receipt.parts
    .flatMap((part) => part.types)
    .flatMap(({ event_type, lines }) => Array.from({ length: lines }, () => `${id} ${++line} ${event_type}`))
    .sort();
}

export function stateOf(warehouse: Pick<MemoryWarehouse, "ledger">, source: PutSource): string | undefined {
  return warehouse.ledger.sources.get(`${source.id}/${source.receipt.generation}`)?.state;
}

/** Documents `{"n":0}`, `{"n":1}` … */
export function numbered(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => JSON.stringify({ n: from + index }));
}
