// Everything the splitter tells the world: one function an event, which writes the log line and the metrics together, so that they never
// drift apart. Levels: warn = unexpected, nothing lost; error = an operator must act.
import type { Logger } from "pino";
import type { Receipt } from "../../shared/contracts/receipt.ts";
import type { Metrics } from "../../shared/ports/metrics.ts";
import type { SplitOutcome } from "./split-source.ts";

export interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A source's receipt is written: split or failed. */
export function objectSplit({ log, metrics }: Telemetry, outcome: SplitOutcome): void {
  const { receipt, rawBytes, seconds } = outcome;
  const { source, lines, state, failure } = receipt;
  metrics.count("splitter_sources_total", 1, { outcome: state });
  metrics.count("splitter_stored_bytes_total", source.bytes);
  metrics.count("splitter_raw_bytes_total", rawBytes);
  metrics.count("splitter_parts_total", receipt.parts.length);
  metrics.observe("splitter_split_seconds", seconds);
  countLines(metrics, receipt);
  const fields = { ...about(receipt), lines: lines.total, rows: lines.rows, quarantined: lines.quarantined };
  if (state === "failed") {
    log.error(
      { event: "object_failed", ...fields, ...failure },
      "the source is corrupt; nothing of it is loaded",
    );
  } else if (receipt.salvaged) {
    log.warn(
      { event: "object_salvaged", ...fields, ...failure },
      "the source is corrupt; the lines before the break are loaded",
    );
  } else {
    log.info({ event: "object_split", ...fields, parts: receipt.parts.length, seconds }, "source split");
  }
}

/** The receipt was there already; it is announced again. */
export function receiptFound({ log, metrics }: Telemetry, { receipt }: SplitOutcome): void {
  metrics.count("splitter_sources_total", 1, { outcome: "existing" });
  log.info({ event: "receipt_found", ...about(receipt) }, "the source has a receipt already");
}

/** Another attempt was first. Its receipt counts, ours is waste for gc. */
export function attemptLost({ log, metrics }: Telemetry, { receipt }: SplitOutcome): void {
  metrics.count("splitter_sources_total", 1, { outcome: "lost" });
  log.info({ event: "attempt_lost", ...about(receipt) }, "another attempt wrote the receipt first");
}

/** The object was deleted before it was read; there is nothing to load. */
export function objectGone({ log, metrics }: Telemetry, bucket: string, key: string): void {
  metrics.count("splitter_objects_gone_total", 1);
  log.warn({ event: "object_gone", bucket, key }, "the source object is gone; its message is settled");
}

/** Our own objects and folder placeholders are no sources; `other_event` is a deletion, or whatever else than a creation S3 was asked to tell. */
export function objectsSkipped(
  { metrics }: Telemetry,
  reason: "own" | "folder" | "other_event",
  count: number = 1,
): void {
  if (count > 0) metrics.count("splitter_objects_skipped_total", count, { reason });
}

export function messageForeign({ log, metrics }: Telemetry, id: string, reason: string): void {
  metrics.count("splitter_messages_foreign_total", 1);
  log.error(
    { event: "message_foreign", message_id: id, reason },
    "a message is no notification; it goes to the dead letters",
  );
}

/** No receipt was written; the queue delivers the message again. */
export function splitPutOff(
  { log, metrics }: Telemetry,
  about: { readonly bucket: string; readonly key: string; readonly receive_count: number },
  code: string,
  error: unknown,
): void {
  metrics.count("splitter_errors_total", 1, { code });
  const level = code === "ACCOUNTING_BROKEN" || code === "INTERNAL" ? "error" : "warn";
  log[level](
    { event: "split_put_off", ...about, code, err: error },
    "the source could not be split now; it is tried again",
  );
}

function countLines(metrics: Metrics, { lines, quarantine }: Receipt): void {
  for (const fate of ["rows", "quarantined", "dropped", "blank"] as const) {
    if (lines[fate] > 0) metrics.count("splitter_lines_total", lines[fate], { fate });
  }
  if (lines.normalised > 0) metrics.count("splitter_lines_normalised_total", lines.normalised);
  for (const { reasons } of quarantine) {
    for (const [reason, count] of Object.entries(reasons)) {
      metrics.count("splitter_lines_quarantined_total", count, { reason });
    }
  }
}

function about({ source, generation, attempt }: Receipt): Record<string, string | number> {
  return { source_id: source.id, bucket: source.bucket, key: source.key, generation, attempt };
}
