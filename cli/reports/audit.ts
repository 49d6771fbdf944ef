// `log-router audit`: promise 1. For each source, lines = rows + rejected + quarantined + dropped + blank, receipts against ledger.
// Both come in order of source id, so they are merged as streams: memory does not grow with the number of sources.
import { z } from "zod";
import { auditSource, type SourceVerdict } from "./audit-source.ts";
import { deadReceipts } from "./dead-receipts.ts";
import type { ReportDeps } from "./deps.ts";
import { mergeById } from "./merge-by-id.ts";
import { lineCountsSchema } from "./line-counts.ts";
import { ledgerGroups } from "./ledger-groups.ts";
import { receiptGroups } from "./receipt-groups.ts";

/** Sources that do not balance (or have no rows) named one by one up to this many; the counts are of all. */
const NAMED = 100;

const count = z.int().min(0);
const sourceSchema = z.object({
  source_id: z.string(),
  generation: count,
  key: z.string(),
  state: z
    .string()
    .describe(
      "loaded, loading, failed, replaced, ignored, dead (its load was given up), or unloaded (a receipt that the ledger does not know)",
    ),
  lines: count,
  reason: z.string().describe("Why it has no rows, or what does not balance"),
});

export const auditSchema = z.object({
  balanced: z.boolean().describe("False makes the exit code 1"),
  sources: count.describe("Source objects with a receipt or in the ledger"),
  balanced_sources: count.describe("Sources in state loaded for which the equation holds"),
  totals: lineCountsSchema.describe(
    "Over the sources in state loaded: lines = rows + rejected + quarantined + dropped + blank",
  ),
  imbalances: z.array(sourceSchema).describe(`Sources that do not balance, ${NAMED} at the most`),
  imbalance_count: count,
  without_rows: z
    .array(sourceSchema)
    .describe(
      `Sources that are accounted for and have no rows (failed, replaced, ignored, dead), ${NAMED} at the most`,
    ),
  without_rows_count: count,
  dead_letters: z
    .object({ split: count, backfill: count, load: count })
    .describe(
      "Messages that were given up, by queue; a source given up before it was split has no receipt and is in no count here. `log-router dead list` names each with its reason",
    ),
  by_source: z
    .array(
      lineCountsSchema.extend({
        source_id: z.string(),
        key: z.string(),
        state: z.string(),
        balanced: z.boolean(),
      }),
    )
    .optional()
    .describe("With --all: every source"),
});
export type AuditReport = z.infer<typeof auditSchema>;

/**
 * Goes once over receipts and ledger. `onSource` hears of every source, in order. Safe beside a running pipeline: a source that is
 * on its way is an imbalance of state loading or unloaded, which says so.
 */
export async function auditReport(
  deps: ReportDeps,
  onSource?: (verdict: SourceVerdict) => void,
): Promise<AuditReport> {
  const report: AuditReport = {
    balanced: true,
    sources: 0,
    balanced_sources: 0,
    totals: { lines: 0, rows: 0, rejected: 0, quarantined: 0, dropped: 0, blank: 0 },
    imbalances: [],
    imbalance_count: 0,
    without_rows: [],
    without_rows_count: 0,
    dead_letters: await deadLetters(deps),
  };
  const dead =
    report.dead_letters.load > 0
      ? await deadReceipts(deps.loadQueue, deps.signal)
      : new Map<string, string>();
  let loadedRows = 0;
  for await (const { id, left, right } of mergeById(receiptGroups(deps), ledgerGroups(deps))) {
    const verdict = orDead(auditSource(id, left, right), dead.get(id));
    loadedRows += verdict.activeRows;
    add(report, verdict);
    onSource?.(verdict);
  }
  checkTotal(report, await ledgerRows(deps), loadedRows);
  report.balanced = report.imbalance_count === 0;
  return report;
}

/** A source that waits for a load which nobody will try again is dead: it has no rows, and stays out of balance until somebody redrives it. */
function orDead(verdict: SourceVerdict, reason: string | undefined): SourceVerdict {
  const waits = verdict.problem !== undefined && ["unloaded", "loading"].includes(verdict.state);
  if (!waits || reason === undefined) return verdict;
  const problem = `its load was given up: ${reason}; once that is put right: log-router dead redrive --queue load`;
  return { ...verdict, state: "dead", problem };
}

async function deadLetters(deps: ReportDeps): Promise<AuditReport["dead_letters"]> {
  const { splitQueue, backfillQueue, loadQueue, signal } = deps;
  const depths = [splitQueue, backfillQueue, loadQueue].map(
    async (queue) => (await queue.depth(signal)).dead,
  );
  const [split = 0, backfill = 0, load = 0] = await Promise.all(depths);
  return { split, backfill, load };
}

/** Where the ledger tells none. */
const REASONS: Readonly<Record<string, string>> = {
  replaced: "a newer version of the object has taken its place",
};

function add(report: AuditReport, verdict: SourceVerdict): void {
  const { id: source_id, generation, key, state, counts, problem, reason } = verdict;
  report.sources += 1;
  const entry = { source_id, generation, key, state, lines: counts.lines };
  if (problem !== undefined) {
    report.imbalance_count += 1;
    if (report.imbalances.length < NAMED) report.imbalances.push({ ...entry, reason: problem });
  } else if (state !== "loaded") {
    report.without_rows_count += 1;
    if (report.without_rows.length < NAMED)
      report.without_rows.push({ ...entry, reason: reason ?? REASONS[state] ?? state });
  } else {
    report.balanced_sources += 1;
  }
  if (state !== "loaded") return;
  for (const name of ["lines", "rows", "rejected", "quarantined", "dropped", "blank"] as const) {
    report.totals[name] += counts[name];
  }
}

async function ledgerRows(deps: ReportDeps): Promise<number> {
  const summaries = await deps.warehouse.read.tableSummaries(deps.signal);
  return summaries.reduce((sum, { rows }) => sum + rows, 0);
}

/** Rows in `loads` of sources that neither a receipt nor `sources` names would be seen by no merge. */
function checkTotal(report: AuditReport, inLedger: number, seen: number): void {
  if (inLedger === seen) return;
  report.imbalance_count += 1;
  report.imbalances.push({
    source_id: "",
    generation: 0,
    key: "",
    state: "unknown",
    lines: 0,
    reason: `the ledger has ${inLedger} rows, of which ${seen} belong to sources seen here; if nothing is being loaded just now, rows of unknown sources are in the ledger`,
  });
}
