// A process that loads the units it is given into a DuckDB file, one transaction each, and says on stdout what became of each. Run by
// the tests of several processes; `job` is the JSON of LoaderJob.
import { argv, stdout } from "node:process";
import { defaultConfig } from "../../../shared/config/schema.ts";
import type { LoadUnit } from "../../../shared/ports/warehouse.ts";
import { createDuckDbWarehouse } from "../../../shared/warehouse/duckdb/create-duckdb-warehouse.ts";
import { loadJob, loadPlan } from "../../contract/warehouse-parts.ts";

export interface LoaderJob {
  readonly file: string;
  readonly folder: string;
  readonly table: string;
  readonly mode: "direct" | "staged";
  readonly units: readonly LoadUnit[];
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the test beside it
const job = JSON.parse(argv[2] ?? "{}") as LoaderJob;
const warehouse = createDuckDbWarehouse({
  file: job.file,
  partPath: (_bucket, key) => `${job.folder}/${key}`,
  config: defaultConfig(),
  lockWaitMs: 30_000,
});
for (const unit of job.units) {
  const catalog = await warehouse.catalog();
  const plan = loadPlan(catalog, job.table, job.mode);
  const result = await warehouse.load(loadJob(catalog, "routed", [{ plan, units: [unit] }]));
  stdout.write(`${result.kind}\n`);
}
