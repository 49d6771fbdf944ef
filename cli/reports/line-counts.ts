// The terms of the accounting: lines = rows + rejected + quarantined + dropped + blank (DESIGN.md 2).
import { z } from "zod";

const count = z.int().min(0);

export const lineCountsSchema = z.object({
  lines: count.describe("Lines that the receipts speak of"),
  rows: count.describe("Rows loaded"),
  rejected: count.describe("Refused by the warehouse and quarantined at load"),
  quarantined: count,
  dropped: count.describe("By a rule in the configuration"),
  blank: count,
});
export type LineCounts = z.infer<typeof lineCountsSchema>;
