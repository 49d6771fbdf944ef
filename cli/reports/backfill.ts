// How a backfill went.
import { z } from "zod";

const count = z.int().min(0);

export const backfillSchema = z.object({
  dry_run: z.boolean(),
  stopped: z.boolean().describe("A signal ended it; what was sent is worked on all the same"),
  seconds: z.number(),
  found: count.describe("Source objects under the prefixes, of the times asked for"),
  found_bytes: count.describe("As stored"),
  outside: count.describe("Source objects of other times than --since and --until ask for"),
  settled_before: count.describe(
    "Of those found, how many the ledger had settled with the same content: not sent",
  ),
  sent: count.describe("To the backfill queue; with --dry-run, that would be"),
  sent_bytes: count,
  loaded: count.describe("Of those sent, how many are loaded by now"),
  failed: count.describe("Of those sent, how many are corrupt; nothing of them is loaded"),
  other: count.describe(
    "Of those sent, how many are settled without rows: replaced by newer content, or ignored",
  ),
  gone: count.describe("Of those sent, how many were deleted before they were read"),
  waiting: count.describe("Of those sent, how many are not settled"),
  lines: count.describe("Lines of those settled"),
  problems: z
    .array(z.object({ problem: z.string(), next_step: z.string() }))
    .describe("Each makes the exit code 1"),
});
export type BackfillReport = z.infer<typeof backfillSchema>;
