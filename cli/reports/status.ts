// `log-router status`: what is in the tables, what waits, and what went wrong.
import { z } from "zod";
import type { Queue } from "../../shared/ports/queue.ts";
import type { TableSummary } from "../../shared/ports/warehouse.ts";
import type { ReportDeps } from "./deps.ts";
import { countingRows } from "./source-pages.ts";

/** Failed and dead sources, and pending units, named one by one up to this many. */
const NAMED = 20;

const count = z.int().min(0);
const depth = z.object({
  visible: count.describe("Messages that wait"),
  in_flight: count.describe("Messages being worked on"),
  delayed: count.describe("Messages that are tried again later"),
  dead: count.describe("Dead letters; `log-router dead list` shows them"),
});

export const statusSchema = z.object({
  warehouse: z.string(),
  event_types: z
    .array(
      z.object({
        event_type: z.string(),
        table: z.string(),
        rows: count,
        columns: count.describe("Without the system columns"),
        sources: count.describe("Source objects with rows of this type"),
        quarantined: count.describe(
          "Lines of this type that the warehouse refused; lines that the splitter quarantined count for their source, in `lines`",
        ),
        rescued: count.describe("Values put into _lr_rescued at load"),
        last_loaded_at: z.iso.datetime().nullable(),
        seconds_since_load: z.number().nullable(),
        freshness_seconds: z
          .number()
          .nullable()
          .describe(
            "Of the last load, from the last-modified of its oldest source to when its rows could be queried; null where the ledger does not know the source",
          ),
      }),
    )
    .describe("By event type, most rows first"),
  sources: z
    .object({
      loaded: count,
      loading: count,
      failed: count,
      replaced: count,
      ignored: count,
      dead: count,
    })
    .describe("Source objects in the ledger by state, the generation of each that counts"),
  lines: z
    .object({
      quarantined: count.describe("By the splitter; what the warehouse refused is in `event_types`"),
      dropped: count,
      blank: count,
      normalised: count,
    })
    .describe("Of sources in state loaded"),
  newest_source_at: z.iso.datetime().nullable().describe("Last-modified of the newest loaded source"),
  problems: z
    .array(
      z.object({
        source_id: z.string(),
        key: z.string(),
        state: z.enum(["failed", "dead"]),
        reason: z.string().nullable(),
      }),
    )
    .describe(`Failed and dead sources, ${NAMED} at the most`),
  pending: z.object({
    units: count.describe("What could not be loaded yet: units, and one for each source that waits for them"),
    oldest: z
      .array(
        z.object({
          source_id: z.string(),
          event_type: z.string(),
          attempts: count,
          last_error: z.string(),
          next_try: z.iso.datetime(),
        }),
      )
      .describe(`Those tried next, ${NAMED} at the most`),
  }),
  queues: z.object({ split: depth, backfill: depth, load: depth }),
});

export type StatusReport = z.infer<typeof statusSchema>;

/** Reads the ledger once; constant memory, whatever the number of sources. */
export async function statusReport(deps: ReportDeps): Promise<StatusReport> {
  const { warehouse, signal } = deps;
  const summaries = await warehouse.read.tableSummaries(signal);
  const pending = await warehouse.pending({ limit: NAMED }, signal);
  return {
    warehouse: warehouse.name,
    event_types: summaries.map((summary) => eventType(summary, deps.now)).sort((a, b) => b.rows - a.rows),
    ...(await sourceTotals(deps)),
    pending: {
      units: await warehouse.read.pendingCount(signal),
      // A row without event type stands for the source itself, which waits for its units.
      oldest: pending
        .filter((unit) => unit.eventType !== "")
        .map((unit) => ({
          source_id: unit.sourceId,
          event_type: unit.eventType,
          attempts: unit.attempts,
          last_error: unit.lastError,
          next_try: unit.nextTry.toISOString(),
        })),
    },
    queues: {
      split: await queueDepth(deps.splitQueue, signal),
      backfill: await queueDepth(deps.backfillQueue, signal),
      load: await queueDepth(deps.loadQueue, signal),
    },
  };
}

async function sourceTotals(
  deps: ReportDeps,
): Promise<Pick<StatusReport, "sources" | "lines" | "problems" | "newest_source_at">> {
  const sources = { loaded: 0, loading: 0, failed: 0, replaced: 0, ignored: 0, dead: 0 };
  const lines = { quarantined: 0, dropped: 0, blank: 0, normalised: 0 };
  const problems: StatusReport["problems"] = [];
  let newest: Date | undefined;
  for await (const row of countingRows(deps.warehouse.read, deps.signal)) {
    sources[row.state] += 1;
    if (row.state === "failed" || row.state === "dead") {
      if (problems.length < NAMED) {
        problems.push({
          source_id: row.sourceId,
          key: row.key,
          state: row.state,
          reason: row.reason ?? null,
        });
      }
    }
    if (row.state !== "loaded") continue;
    lines.quarantined += row.quarantined;
    lines.dropped += row.dropped;
    lines.blank += row.blank;
    lines.normalised += row.normalised;
    if (!newest || row.lastModified > newest) newest = row.lastModified;
  }
  return { sources, lines, newest_source_at: newest?.toISOString() ?? null, problems };
}

function eventType(summary: TableSummary, now: Date): StatusReport["event_types"][number] {
  const { lastLoadedAt: loaded, lastSourceAt: written } = summary;
  return {
    event_type: summary.eventType,
    table: summary.table,
    rows: summary.rows,
    columns: summary.columns,
    sources: summary.sources,
    quarantined: summary.rejected,
    rescued: summary.rescued,
    last_loaded_at: loaded?.toISOString() ?? null,
    seconds_since_load: loaded ? Math.max(0, (now.getTime() - loaded.getTime()) / 1000) : null,
    freshness_seconds: loaded && written ? Math.max(0, (loaded.getTime() - written.getTime()) / 1000) : null,
  };
}

async function queueDepth(queue: Queue, signal?: AbortSignal): Promise<StatusReport["queues"]["split"]> {
  const { visible, inFlight, delayed, dead } = await queue.depth(signal);
  return { visible, in_flight: inFlight, delayed, dead };
}
