// Rows of the ledger's tables as the port speaks of them.
import type { Lane } from "../../contracts/words.ts";
import type { LedgerRow, PendingRow, SourceRow, SourceState } from "../../ports/warehouse.ts";
import { count, oneOf, optionalText, text, time } from "./row-values.ts";
import type { Row } from "./session.ts";

const LANES: readonly Lane[] = ["live", "backfill"];
const STATES: readonly SourceState[] = ["loading", "loaded", "failed", "replaced", "ignored", "dead"];
const OVERWRITES: readonly SourceRow["onOverwrite"][] = ["replace", "append", "ignore"];

export const LEDGER_COLUMNS =
  'source_id, generation, event_type, table_name, "rows", rejected, rescued, parts, receipt_key, batch_id, lane, loaded_at, replaced_by';

/** A member that is only there when it has a value. */
function optional<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  const member: Partial<Record<string, string>> = value === undefined ? {} : { [name]: value };
  return member;
}

export function ledgerRow(row: Row): LedgerRow {
  return {
    sourceId: text(row, "source_id"),
    generation: count(row, "generation"),
    eventType: text(row, "event_type"),
    table: text(row, "table_name"),
    rows: count(row, "rows"),
    rejected: count(row, "rejected"),
    rescued: count(row, "rescued"),
    parts: count(row, "parts"),
    receiptKey: text(row, "receipt_key"),
    batchId: text(row, "batch_id"),
    lane: oneOf(row, "lane", LANES),
    loadedAt: time(row, "loaded_at"),
    ...optional("replacedBy", optionalText(row, "replaced_by")),
  };
}

export const SOURCE_TYPE = {
  source_id: "VARCHAR",
  generation: "BIGINT",
  bucket: "VARCHAR",
  key: "VARCHAR",
  etag: "VARCHAR",
  last_modified: "TIMESTAMPTZ",
  bytes: "BIGINT",
  lines: "BIGINT",
  blank: "BIGINT",
  quarantined: "BIGINT",
  dropped: "BIGINT",
  normalised: "BIGINT",
  state: "VARCHAR",
  split_at: "TIMESTAMPTZ",
  on_overwrite: "VARCHAR",
  reason: "VARCHAR",
} as const;
export const SOURCE_COLUMNS = Object.keys(SOURCE_TYPE)
  .map((name) => `"${name}"`)
  .join(", ");

export function sourceRow(row: Row): SourceRow {
  return {
    sourceId: text(row, "source_id"),
    generation: count(row, "generation"),
    bucket: text(row, "bucket"),
    key: text(row, "key"),
    etag: text(row, "etag"),
    lastModified: time(row, "last_modified"),
    bytes: count(row, "bytes"),
    lines: count(row, "lines"),
    blank: count(row, "blank"),
    quarantined: count(row, "quarantined"),
    dropped: count(row, "dropped"),
    normalised: count(row, "normalised"),
    state: oneOf(row, "state", STATES),
    splitAt: time(row, "split_at"),
    onOverwrite: oneOf(row, "on_overwrite", OVERWRITES),
    ...optional("reason", optionalText(row, "reason")),
  };
}

export function sourceRecord(row: SourceRow): Record<keyof typeof SOURCE_TYPE, unknown> {
  const { bucket, key, etag, bytes, lines, blank, quarantined, dropped, normalised, state } = row;
  return {
    bucket,
    key,
    etag,
    bytes,
    lines,
    blank,
    quarantined,
    dropped,
    normalised,
    state,
    source_id: row.sourceId,
    generation: row.generation,
    last_modified: row.lastModified,
    split_at: row.splitAt,
    on_overwrite: row.onOverwrite,
    reason: row.reason,
  };
}

export const PENDING_TYPE = {
  source_id: "VARCHAR",
  generation: "BIGINT",
  event_type: "VARCHAR",
  receipt_key: "VARCHAR",
  attempts: "BIGINT",
  last_error: "VARCHAR",
  next_try: "TIMESTAMPTZ",
  since: "TIMESTAMPTZ",
} as const;

export function pendingRow(row: Row): PendingRow {
  return {
    sourceId: text(row, "source_id"),
    generation: count(row, "generation"),
    eventType: text(row, "event_type"),
    receiptKey: text(row, "receipt_key"),
    attempts: count(row, "attempts"),
    lastError: text(row, "last_error"),
    nextTry: time(row, "next_try"),
    since: time(row, "since"),
  };
}

export function pendingRecord(row: PendingRow): Record<keyof typeof PENDING_TYPE, unknown> {
  return {
    source_id: row.sourceId,
    generation: row.generation,
    event_type: row.eventType,
    receipt_key: row.receiptKey,
    attempts: row.attempts,
    last_error: row.lastError,
    next_try: row.nextTry,
    since: row.since,
  };
}
