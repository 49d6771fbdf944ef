// What the product says it has written.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { receiptSchema, type Receipt } from "../../shared/contracts/receipt.ts";

/** All receipts below an output folder of `log-router split`. */
export async function readReceipts(out: string): Promise<Receipt[]> {
  const folder = join(out, "receipts");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".json"));
  return await Promise.all(
    files.map(async (file) =>
      receiptSchema.parse(JSON.parse(await readFile(join(file.parentPath, file.name), "utf8"))),
    ),
  );
}
