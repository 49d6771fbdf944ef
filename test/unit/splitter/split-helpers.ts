// Splits bytes in memory and reads everything back the plain way.
import assert from "node:assert/strict";
import pino from "pino";
import { z } from "zod";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { tmpdir } from "node:os";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { configSchema, type Config } from "../../../shared/config/schema.ts";
import { receiptSchema, type Receipt, type ReceiptPart } from "../../../shared/contracts/receipt.ts";
import { readQuarantine, type QuarantinedLine } from "../../../shared/contracts/quarantine.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { createEngine, type SplitEngine } from "../../../services/splitter/engine.ts";
import { splitSource, type SplitOutcome } from "../../../services/splitter/split-source.ts";

export const silentLog = pino({ level: "silent" });

export interface SplitResult {
  readonly receipt: Receipt;
  readonly outcome: SplitOutcome;
  readonly store: MemoryObjectStore;
  /** Text of all parts of an event type, in the receipt's order. */
  readonly types: ReadonlyMap<string, string>;
  readonly quarantined: readonly QuarantinedLine[];
}

export interface SplitOptions {
  readonly key?: string;
  readonly config?: Record<string, unknown>;
  /** Also reads as large sources are read, in these chunks, however small this one is. */
  readonly chunkBytes?: number;
  /** Shared threads; without it an engine is made for the configuration. */
  readonly engine?: SplitEngine;
  readonly salvage?: boolean;
  /** The store takes parts while they grow. */
  readonly grows?: boolean;
}

export function configOf(config: Record<string, unknown> = {}): Config {
  const splitter = z.looseObject({}).parse(config["splitter"] ?? {});
  return configSchema.parse({ ...config, splitter: { threads: 1, ...splitter } });
}

export async function split(bytes: Uint8Array | string, options: SplitOptions = {}): Promise<SplitResult> {
  const store = new MemoryObjectStore({
    chunkBytes: options.chunkBytes ?? 64 * 1024,
    grows: options.grows ?? false,
  });
  const key = options.key ?? "/logs/a.log";
  await store.put({ bucket: "local", key }, typeof bytes === "string" ? Buffer.from(bytes) : bytes);
  return splitStored(store, key, options);
}

export async function splitStored(
  store: MemoryObjectStore,
  key: string,
  options: SplitOptions = {},
): Promise<SplitResult> {
  const config = configOf(options.config);
  const engine =
    options.engine ?? createEngine(config, undefined, options.chunkBytes === undefined ? undefined : 0);
  try {
    const outcome = await splitSource(
      {
        store,
        routedBucket: "routed",
        config,
        engine,
        clock: systemClock,
        lane: "live",
        scratchFolder: tmpdir(),
      },
      {
        ref: { bucket: "local", key },
        ...(options.salvage === undefined ? {} : { salvage: options.salvage }),
      },
      AbortSignal.timeout(60_000),
    );
    return { ...(await readBack(store, await storedReceipt(store, outcome.key))), outcome };
  } finally {
    if (!options.engine) await engine[Symbol.asyncDispose]();
  }
}

/** With the shapes, which a receipt that was written just now leaves out. */
async function storedReceipt(store: MemoryObjectStore, key: string): Promise<Receipt> {
  const bytes = await store.getBytes({ bucket: "routed", key });
  return receiptSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
}

export async function readBack(store: MemoryObjectStore, receipt: Receipt) {
  const types = new Map<string, string>();
  for (const part of receipt.parts) {
    const stored = await store.getBytes({ bucket: "routed", key: part.key });
    const raw = part.compression === "zstd" ? unzstd(stored) : gunzipSync(stored);
    for (const [type, text] of textsByType(part, raw.toString())) {
      types.set(type, (types.get(type) ?? "") + text);
    }
  }
  const quarantined: QuarantinedLine[] = [];
  for (const { key } of receipt.quarantine) {
    const { body } = await store.get({ bucket: "routed", key });
    for await (const line of readQuarantine(body, 64 * 1024 * 1024)) quarantined.push(line);
  }
  return { receipt, store, types, quarantined };
}

/** The text of a part by event type; checks that the part has what its entry says. */
function textsByType({ types }: ReceiptPart, text: string): Map<string, string> {
  const lines = text.split("\n").slice(0, -1);
  // The lines of `_lr_other` say their own types.
  const typeOf = (line: string): string =>
    types.length === 1 ? types[0]!.event_type : eventTypeSchema.parse(JSON.parse(line))._lr_event_type;
  const byType = Map.groupBy(lines, typeOf);
  const counts = types.map(({ event_type, lines }) => [event_type, lines]);
  assert.deepEqual(
    Array.from(byType, ([type, of]) => [type, of.length]),
    counts,
  );
  return new Map(Array.from(byType, ([type, of]) => [type, of.map((line) => `${line}\n`).join("")]));
}

const eventTypeSchema = z.looseObject({ _lr_event_type: z.string() });

const withInfo = z.object({
  buffer: z.instanceof(Buffer),
  engine: z.looseObject({ bytesWritten: z.number() }),
});

/** Frames one after another, told apart by decompressing with what is left. */
export function unzstd(stored: Uint8Array): Buffer {
  const raw: Buffer[] = [];
  let rest = stored;
  while (rest.length > 0) {
    const { buffer, engine } = withInfo.parse(zstdDecompressSync(rest, { info: true }));
    raw.push(buffer);
    rest = rest.subarray(engine.bytesWritten);
  }
  return Buffer.concat(raw);
}

/** Part lines as documents. */
export function rowsOf(text: string): Record<string, unknown>[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
}

/** Line numbers of part lines, in order. */
export function lineNumbers(text: string): number[] {
  return rowsOf(text).map((row) => Number(row["_lr_line"]));
}

/** A line of an event type. */
export const event = (type: string, n: number): string => `{"event":"${type}","n":${n}}\n`;
/** Lines of so many event types in turn. */
export const lines = (count: number, types: number): string =>
  Array.from({ length: count }, (_, i) => event(`t${i % types}`, i)).join("");
