// One function for each thing that can happen to the loader: log line, metric and word to the observer together, so that they never
// drift apart. WARN: unexpected, nothing lost. ERROR: an operator must act. Never per line.
import { isRouterError } from "../../shared/errors/router-error.ts";
import type { Receipt } from "../../shared/contracts/receipt.ts";
import type { Metrics } from "../../shared/ports/metrics.ts";
import type { LedgerRow, LoadUnit, PendingRow, SourceRow, UnitLoaded } from "../../shared/ports/warehouse.ts";
import type { PipelineObserver } from "../../shared/runtime/observer.ts";
import type { TableChange } from "../../shared/schema/types.ts";

/** The part of a pino logger that is used. */
export interface EventLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Telemetry {
  readonly log: EventLog;
  readonly metrics: Metrics;
  readonly observer?: PipelineObserver | undefined;
}

export type BatchOutcome = "loaded" | "blocked" | "stale" | "refused" | "failed" | "unknown";

export function messageForeign(to: Telemetry, messageId: string, reason: string): void {
  to.metrics.count("loader_messages_foreign_total", 1);
  to.log.warn({ event: "message_foreign", message_id: messageId, reason }, "message belongs to nobody");
}

/** Notifications on what is no receipt: parts and the like, where S3 was set up to tell of them, and deletions. */
export function objectsSkipped(to: Telemetry, count: number): void {
  if (count > 0) to.metrics.count("loader_objects_skipped_total", count);
}

export function receiptRead(to: Telemetry, receipt: Receipt): void {
  to.observer?.receiptRead?.(receipt);
}

export function receiptFailed(to: Telemetry, receipt: string, error: unknown): void {
  to.metrics.count("loader_receipts_failed_total", 1);
  to.log.warn({ event: "receipt_failed", receipt, err: error }, "receipt cannot be worked on now");
}

export function sourceSettled(to: Telemetry, row: SourceRow): void {
  to.metrics.count("loader_sources_settled_total", 1, { state: row.state });
  const { sourceId, generation, key, state, lines, reason } = row;
  to.log.info(
    { event: "source_settled", source: sourceId, generation, key, state, lines, reason },
    "source settled",
  );
  to.observer?.sourceSettled?.(row);
}

export function sourceSuperseding(to: Telemetry, row: SourceRow, units: number): void {
  to.metrics.count("loader_units_replaced_total", units);
  const { sourceId, generation, key } = row;
  to.log.info(
    { event: "source_superseding", source: sourceId, generation, key, units },
    "source replaces older rows",
  );
}

/** Rows were committed by this process. Freshness: from the source's last-modified to now. */
export function unitLoaded(to: Telemetry, unit: LoadUnit, loaded: UnitLoaded, now: Date): void {
  const { metrics, observer } = to;
  const rejected = unit.rejectedLines.length;
  metrics.count("loader_units_loaded_total", 1, { lane: unit.lane });
  metrics.count("loader_lines_loaded_total", loaded.rows);
  if (rejected > 0) metrics.count("loader_lines_rejected_total", rejected);
  if (loaded.rescued > 0) metrics.count("loader_values_rescued_total", loaded.rescued);
  const seconds = (now.getTime() - Date.parse(unit.source.last_modified)) / 1000;
  metrics.observe("loader_freshness_seconds", Math.max(0, seconds), { lane: unit.lane });
  const { eventType, table, rows, rescued } = loaded;
  observer?.unitLoaded?.({ eventType, table, rows, rejected, rescued });
}

/** The unit was in `loads` already: loaded by another loader, or by a load whose answer never came. */
export function unitFound(to: Telemetry, unit: LoadUnit, row: LedgerRow | undefined): void {
  to.metrics.count("loader_units_found_total", 1);
  const { sourceId, generation, eventType } = unit;
  to.log.debug(
    { event: "unit_found", source: sourceId, generation, event_type: eventType, rows: row?.rows },
    "unit is loaded",
  );
}

export function unitSuperseded(to: Telemetry, unit: LoadUnit): void {
  to.metrics.count("loader_units_superseded_total", 1);
  const { sourceId, generation, eventType } = unit;
  to.log.info(
    { event: "unit_superseded", source: sourceId, generation, event_type: eventType },
    "a newer source has taken the unit's place",
  );
}

export function batchEnded(
  to: Telemetry,
  outcome: BatchOutcome,
  batch: { batchId: string; tables: readonly string[]; units: number; seconds?: number; reason?: string },
): void {
  to.metrics.count("loader_batches_total", 1, { outcome });
  if (batch.seconds !== undefined) to.metrics.observe("loader_load_seconds", batch.seconds);
  const { batchId, ...fields } = batch;
  const write = outcome === "refused" || outcome === "failed" || outcome === "unknown" ? "warn" : "info";
  to.log[write]({ event: `batch_${outcome}`, batch: batchId, ...fields }, `batch ${outcome}`);
}

/** Mixed parts were read for a load. `parts`: each counted as often as it was read. */
export function partsGathered(
  to: Telemetry,
  gathered: { batchId: string; parts: number; lines: number; seconds: number },
): void {
  to.metrics.count("loader_mixed_parts_read_total", gathered.parts);
  to.metrics.count("loader_lines_gathered_total", gathered.lines);
  const { batchId, ...fields } = gathered;
  to.log.debug({ event: "parts_gathered", batch: batchId, ...fields }, "lines of mixed parts gathered");
}

export function schemaChanged(to: Telemetry, changes: readonly TableChange[]): void {
  for (const { table, create, addColumns, widen, rewrite } of changes) {
    if (create) to.metrics.count("loader_tables_created_total", 1);
    to.metrics.count("loader_columns_added_total", addColumns.length);
    const fields = {
      table,
      created: create,
      added: addColumns.length,
      widened: widen.length,
      rewritten: rewrite.length,
    };
    to.log.info({ event: "schema_changed", ...fields }, "table changed");
  }
}

export function linesRejected(to: Telemetry, unit: LoadUnit, key: string, reason: string): void {
  const { sourceId, eventType, rejectedLines } = unit;
  const fields = { source: sourceId, event_type: eventType, lines: rejectedLines.length, key, reason };
  to.log.error({ event: "lines_rejected", ...fields }, "the warehouse refused lines; they are in quarantine");
}

export function unitsPending(to: Telemetry, rows: readonly PendingRow[]): void {
  to.metrics.count("loader_units_pending_total", rows.length);
  for (const { eventType, lastError, sourceId, attempts, nextTry } of rows) {
    const fields = { source: sourceId, event_type: eventType, attempts, next_try: nextTry };
    to.log.error({ event: "unit_pending", ...fields, reason: lastError }, "unit could not be loaded yet");
    to.observer?.unitPending?.({ eventType, error: lastError });
  }
}

export function warehouseAway(to: Telemetry, error: unknown): void {
  to.metrics.count("loader_warehouse_away_total", 1);
  to.log.warn({ event: "warehouse_away", err: error }, "the warehouse does not answer; nothing is received");
  to.observer?.warning?.(error instanceof Error ? error.message : "the warehouse does not answer");
}

export function warehouseBack(to: Telemetry, seconds: number): void {
  to.log.info({ event: "warehouse_back", seconds }, "the warehouse answers again");
}

export function housekeepingFailed(to: Telemetry, what: string, error: unknown): void {
  // Cut off because the loader stops: the next one does it.
  if (isRouterError(error, "ABORTED")) return;
  to.metrics.count("loader_housekeeping_failed_total", 1);
  to.log.warn({ event: "housekeeping_failed", what, err: error }, `${what} failed and will be tried again`);
}

/** What a person should know and nothing can be done about at once: catch-all overflow, sibling column, column limit, rescue. */
export function warned(to: Telemetry, kind: string, message: string): void {
  to.metrics.count("loader_warnings_total", 1, { kind });
  to.log.warn({ event: "warned", kind }, message);
  to.observer?.warning?.(message);
}

export function gauges(to: Telemetry, receipts: number, units: number): void {
  to.metrics.gauge("loader_receipts_in_hand", receipts);
  to.metrics.gauge("loader_units_in_hand", units);
}
