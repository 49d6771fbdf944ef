// What `log-router split` did.
import { z } from "zod";

const count = z.int().min(0);

export const splitReportSchema = z.object({
  sources: count.describe("Sources split now"),
  known: count.describe("Sources that had a receipt in the folder already"),
  lines: count,
  rows: count.describe("Lines in parts"),
  quarantined: count,
  dropped: count,
  blank: count,
  parts: count,
  raw_bytes: count.describe("Uncompressed bytes read"),
  seconds: z.number(),
  failures: z.array(z.object({ key: z.string(), reason: z.string() })).describe("Each makes the exit code 1"),
});
export type SplitReport = z.infer<typeof splitReportSchema>;
