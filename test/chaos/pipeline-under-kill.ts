// What the chaos tests share: the sample, the undisturbed truth, and the check that nothing was lost or doubled.
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeSample } from "../../scripts/sample/write-sample.ts";
import { mustRun } from "../helpers/product.ts";
import { runAudit } from "../helpers/run-verb.ts";
import { openWarehouseFile, storedDocuments } from "../helpers/warehouse-file.ts";

/** Small batches and parts, so that there are many moments to die at. */
export const BUSY_SETTINGS: readonly string[] = [
  "loader.batch_age_seconds=0.05",
  "loader.batch_parts=2",
  "loader.max_commits_per_minute=100000",
  "loader.visibility_seconds=2",
  "splitter.visibility_seconds=2",
  "splitter.part_bytes=20000",
  "splitter.memory_bytes=2000000",
  "shutdown_grace_seconds=1",
  "loader.max_receives=1000",
  "splitter.max_receives=1000",
].flatMap((setting) => ["--set", setting]);

/** A row by what it is: file, line, event type, document. */
export type Truth = readonly string[];

export async function makeLogs(folder: string, seed: number): Promise<void> {
  await writeSample({ out: folder, bytes: 2_000_000, types: 14, seed, files: 6, compression: "mixed" });
}

/** Rows of a data folder, rebuilt through the catalog, in order; a row that stands there twice comes twice. */
export async function rowsOf(folder: string, data: string): Promise<Truth> {
  await using warehouse = await openWarehouseFile(join(folder, data, "warehouse.duckdb"));
  const stored = await storedDocuments(warehouse);
  return stored.map(
    ({ sourceKey, line, eventType, document }) => `${sourceKey}:${line} ${eventType} ${document}`,
  );
}

/** Brings a killed pipeline to its end and compares. */
export async function finishAndCompare(folder: string, data: string, truth: Truth): Promise<void> {
  await mustRun(["run", "logs", "--once", "--data", data, ...BUSY_SETTINGS], folder);
  const { code, audit } = await runAudit(folder, data);
  assert.equal(code, 0, JSON.stringify(audit));
  const rows = await rowsOf(folder, data);
  assert.equal(rows.length, truth.length, "rows, each once");
  for (const [index, row] of rows.entries()) assert.equal(row, truth[index]);
}
