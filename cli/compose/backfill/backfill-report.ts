// What a backfill came to, and what is left to do about it.
import type { BackfillReport } from "../../reports/backfill.ts";
import { plural } from "../../output/numbers.ts";
import { shellQuote } from "../../output/shell-quote.ts";
import type { Adapters } from "../adapters.ts";
import { sourceName } from "../s3-path.ts";
import type { WatchCounts } from "./watch-sent.ts";

export function emptyReport(dryRun: boolean): BackfillReport {
  const counts = { found: 0, found_bytes: 0, outside: 0, settled_before: 0, sent: 0, sent_bytes: 0 };
  const results = { loaded: 0, failed: 0, other: 0, gone: 0, waiting: 0, lines: 0 };
  return { dry_run: dryRun, stopped: false, seconds: 0, ...counts, ...results, problems: [] };
}

/** Without `counts` (not waited for, or stopped) everything that was sent is waiting, and that is no problem. */
export async function finishReport(
  report: BackfillReport,
  counts: WatchCounts | undefined,
  { backfillQueue }: Pick<Adapters, "backfillQueue">,
): Promise<void> {
  if (!counts) {
    report.waiting = report.sent;
    return;
  }
  const { states } = counts;
  report.loaded = states.get("loaded") ?? 0;
  report.failed = states.get("failed") ?? 0;
  report.other = (states.get("replaced") ?? 0) + (states.get("ignored") ?? 0) + (states.get("dead") ?? 0);
  report.gone = counts.gone;
  report.waiting = counts.waiting;
  report.lines = counts.lines;
  if (report.failed > 0) {
    report.problems.push({
      problem: `${plural(report.failed, "source")} corrupt; nothing of them was loaded`,
      next_step: "log-router status",
    });
  }
  const [first] = counts.named;
  if (first) {
    const name = sourceName(first.bucket, first.key);
    report.problems.push({
      problem: `${plural(counts.waiting, "source")} not settled, such as ${name}`,
      next_step: `log-router where ${shellQuote(name)}`,
    });
  }
  const { dead } = await backfillQueue.depth();
  if (dead > 0) {
    report.problems.push({
      problem: `${plural(dead, "message")} of the backfill queue given up`,
      next_step: "log-router dead list --queue backfill",
    });
  }
}
