// Rows of the ledger's tables as the port speaks of them.
import type { Lane } from "../../contracts/words.ts";
import type { LedgerRow, PendingRow, SourceRow, SourceState } from "../../ports/warehouse.ts";
import type { Row } from "./data-api.ts";
import type { Literal } from "./database.ts";
import { MAX_REASON_BYTES } from "./ledger-schema.ts";
import { count, oneOf, optionalText, text, time } from "./rows.ts";

const LANES: readonly Lane[] = ["live", "backfill"];
const STATES: readonly SourceState[] = ["loading", "loaded", "failed", "replaced", "ignored", "dead"];
const OVERWRITES: readonly SourceRow["onOverwrite"][] = ["replace", "append", "ignore"];

/** A member that is only there when it has a value. */
function optional<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  const member: Partial<Record<string, string>> = value === undefined ? {} : { [name]: value };
  return member;
}

/** Columns as LOADS_COLUMNS of ledger-schema.ts has them. */
export function ledgerRow(row: Row): LedgerRow {
  return {
    sourceId: text(row, 0),
    generation: count(row, 1),
    eventType: text(row, 2),
    table: text(row, 3),
    rows: count(row, 4),
    rejected: count(row, 5),
    rescued: count(row, 6),
    parts: count(row, 7),
    receiptKey: text(row, 8),
    batchId: text(row, 9),
    lane: oneOf(row, 10, LANES),
    loadedAt: time(row, 11),
    ...optional("replacedBy", optionalText(row, 12)),
  };
}

export const SOURCE_COLUMNS = `source_id, generation, bucket, "key", etag, last_modified, bytes, lines, blank, quarantined, dropped, normalised, state, split_at, on_overwrite, reason`;

export function sourceRow(row: Row): SourceRow {
  return {
    sourceId: text(row, 0),
    generation: count(row, 1),
    bucket: text(row, 2),
    key: text(row, 3),
    etag: text(row, 4),
    lastModified: time(row, 5),
    // Beyond 2^53 the API would lose digits; no object and no source has so many bytes or lines.
    bytes: count(row, 6),
    lines: count(row, 7),
    blank: count(row, 8),
    quarantined: count(row, 9),
    dropped: count(row, 10),
    normalised: count(row, 11),
    state: oneOf(row, 12, STATES),
    splitAt: time(row, 13),
    onOverwrite: oneOf(row, 14, OVERWRITES),
    ...optional("reason", optionalText(row, 15)),
  };
}

export function sourceLiterals(row: SourceRow): readonly Literal[] {
  const { bucket, key, etag, bytes, lines, blank, quarantined, dropped, normalised, state } = row;
  const head = [row.sourceId, row.generation, bucket, key, etag, row.lastModified, bytes, lines, blank];
  const reason = row.reason === undefined ? undefined : storable(row.reason);
  return [...head, quarantined, dropped, normalised, state, row.splitAt, row.onOverwrite, reason];
}

export const PENDING_COLUMNS =
  "source_id, generation, event_type, receipt_key, attempts, last_error, next_try, since";

export function pendingRow(row: Row): PendingRow {
  return {
    sourceId: text(row, 0),
    generation: count(row, 1),
    eventType: text(row, 2),
    receiptKey: text(row, 3),
    attempts: count(row, 4),
    lastError: text(row, 5),
    nextTry: time(row, 6),
    since: time(row, 7),
  };
}

export function pendingLiterals(row: PendingRow): readonly Literal[] {
  const unit = [row.sourceId, row.generation, row.eventType, row.receiptKey, row.attempts];
  return [...unit, storable(row.lastError), row.nextTry, row.since];
}

/** Words of others, as a column takes them: no NUL, no lone surrogates, cut at the column's bytes. */
function storable(text: string): string {
  const clean = text.replaceAll("\0", " ").toWellFormed();
  if (Buffer.byteLength(clean) <= MAX_REASON_BYTES) return clean;
  const cut = Buffer.from(clean).subarray(0, MAX_REASON_BYTES - 3);
  return `${new TextDecoder().decode(cut, { stream: true })}…`;
}
