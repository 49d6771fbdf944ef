// How a run went: what it loaded, and everything that is not as it should be, each with the next command to type.
import { z } from "zod";
import type { RunTotals, TypeTotals } from "../progress/run-totals.ts";
import { plural } from "../output/numbers.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { auditIds } from "./audit-ids.ts";
import type { ReportDeps } from "./deps.ts";

/** Failed sources and imbalances named one by one up to this many. */
const NAMED = 10;

const count = z.int().min(0);

export const runSchema = z.object({
  stopped: z.boolean().describe("A signal ended the run before everything was done"),
  seconds: z.number(),
  sources: z.object({
    announced: count.describe("Files that were new, changed, or not settled yet"),
    unchanged: count.describe("Files whose content was settled before this run"),
    split: count.describe("Sources split by this run"),
    failed: count.describe("Of all these files, those whose bytes are corrupt"),
  }),
  lines: count.describe("Lines read"),
  rows: count.describe("Rows loaded"),
  quarantined: count,
  dropped: count,
  blank: count,
  raw_bytes: count.describe("Uncompressed bytes read"),
  event_types: z
    .array(
      z.object({
        event_type: z.string(),
        table: z.string(),
        rows: count,
        columns: count,
        quarantined: count,
        rescued: count,
      }),
    )
    .describe("What this run loaded, most rows first; quarantined: refused by the warehouse"),
  problems: z
    .array(z.object({ problem: z.string(), next_step: z.string() }))
    .describe("Each makes the exit code 1"),
  warnings: z.array(z.string()),
});
export type RunReport = z.infer<typeof runSchema>;

export interface RunEnd {
  readonly seconds: number;
  readonly isStopped: boolean;
  /** What is asked beside the run's own counts: everything (default), only the queues (there is no warehouse), or nothing. */
  readonly looks?: "all" | "queues" | "none";
}

export async function runReport(deps: ReportDeps, totals: RunTotals, end: RunEnd): Promise<RunReport> {
  const looks = end.looks ?? "all";
  const catalog = looks === "all" ? await deps.warehouse.catalog(deps.signal) : undefined;
  const types = [...totals.types.values()].sort((a, b) => b.rows - a.rows);
  return {
    stopped: end.isStopped,
    seconds: end.seconds,
    sources: {
      announced: totals.found,
      unchanged: totals.unchanged,
      split: totals.fresh,
      failed: totals.failedCount,
    },
    lines: totals.lines,
    rows: totals.rows,
    quarantined: totals.quarantined + types.reduce((sum, { rejected }) => sum + rejected, 0),
    dropped: totals.dropped,
    blank: totals.blank,
    raw_bytes: totals.rawBytes,
    event_types: types.map((type) =>
      typeReport(type, (table) => catalog?.tables.get(table)?.columns.length ?? 0),
    ),
    problems: [
      ...failedSources(totals),
      ...(looks === "all" ? await pendingUnits(deps, totals) : []),
      ...(looks === "none" ? [] : await deadLetters(deps)),
      ...(end.isStopped || looks !== "all" ? [] : await imbalances(deps, totals)),
    ],
    warnings: [...totals.warnings],
  };
}

type Problem = RunReport["problems"][number];

function typeReport(
  type: TypeTotals,
  columnsOf: (table: string) => number,
): RunReport["event_types"][number] {
  const [table = ""] = type.tables;
  return {
    event_type: type.eventType,
    table,
    rows: type.rows,
    columns: columnsOf(table),
    quarantined: type.rejected,
    rescued: type.rescued,
  };
}

function failedSources({ failed, failedCount }: RunTotals): Problem[] {
  const named = failed.slice(0, NAMED).map(({ key, reason }) => ({
    problem: `${key} is corrupt, and nothing of it was loaded: ${reason}`,
    next_step: `write the file again, or load the lines before the break: log-router salvage ${shellQuote(key)}`,
  }));
  const more = failedCount - named.length;
  if (more <= 0) return named;
  return [...named, { problem: `${plural(more, "more source")} failed`, next_step: "log-router status" }];
}

async function pendingUnits(deps: ReportDeps, totals: RunTotals): Promise<Problem[]> {
  const units = await deps.warehouse.read.pendingCount(deps.signal);
  if (units === 0) return [];
  const [first] = await deps.warehouse.pending({ limit: 1 }, deps.signal);
  const error = totals.lastPendingError ?? first?.lastError ?? "unknown";
  return [
    {
      problem: `${plural(units, "unit")} could not be loaded yet; they are kept and tried again: ${error}`,
      next_step: "log-router status, then run again",
    },
  ];
}

async function deadLetters(deps: ReportDeps): Promise<Problem[]> {
  const problems: Problem[] = [];
  const queues = { split: deps.splitQueue, backfill: deps.backfillQueue, load: deps.loadQueue };
  for (const [name, queue] of Object.entries(queues)) {
    const { dead } = await queue.depth(deps.signal);
    if (dead === 0) continue;
    problems.push({
      problem: `${plural(dead, "message")} of the ${name} queue ${dead === 1 ? "was" : "were"} given up`,
      next_step: `log-router dead list --queue ${name}`,
    });
  }
  return problems;
}

/** What this run has worked on must balance, unless another process still has it in hand. */
async function imbalances(deps: ReportDeps, totals: RunTotals): Promise<Problem[]> {
  const problems: Problem[] = [];
  let more = 0;
  for await (const { key, problem, state } of auditIds(deps, totals.ids, totals.promises)) {
    if (problem === undefined || state === "loading" || state === "unloaded") continue;
    if (problems.length < NAMED) {
      problems.push({
        problem: `${key} does not balance: ${problem}`,
        next_step: `log-router where ${shellQuote(key)}`,
      });
    } else more += 1;
  }
  if (more === 0) return problems;
  return [
    ...problems,
    { problem: `${plural(more, "more source")} do not balance`, next_step: "log-router audit" },
  ];
}
