// A prepared Redshift warehouse on the stand-in with the suites' shortcuts.
import type { Isolation } from "../../../localstack/redshift-data/postgres.ts";
import type { Config } from "../../../shared/config/schema.ts";
import type { LoadJob, LoadUnit, Warehouse } from "../../../shared/ports/warehouse.ts";
import { WarehouseBench } from "../../contract/warehouse-harness.ts";
import {
  compressPart,
  loadJob,
  loadPlan,
  loadUnit,
  partLine,
  testSource,
} from "../../contract/warehouse-parts.ts";
import {
  redshiftConfig,
  ROUTED,
  startRedshift,
  type RedshiftBench,
} from "../../helpers/redshift-stand-in.ts";
import type { RoundTripRig } from "../warehouse/round-trip-suite.ts";

export interface LoadBench extends AsyncDisposable {
  readonly redshift: RedshiftBench;
  readonly bench: WarehouseBench;
  readonly warehouse: Warehouse;
  /** A job of its own batch id for units of tables that have the event types' names. */
  job(tables: Readonly<Record<string, readonly LoadUnit[]>>, mode?: "direct" | "staged"): Promise<LoadJob>;
}

let batches = 0;

export async function openLoadBench(
  options: { readonly config?: Config; readonly isolation?: Isolation } = {},
): Promise<LoadBench> {
  const config = options.config ?? redshiftConfig({ loader: { slots: 4 } });
  const redshift = await startRedshift({ ...options, config });
  const warehouse = redshift.open();
  await warehouse.prepare();
  const bench = new WarehouseBench({
    warehouse,
    bucket: ROUTED,
    async put(key, bytes) {
      await redshift.store.put({ bucket: ROUTED, key }, bytes);
    },
    async [Symbol.asyncDispose]() {},
  });
  return {
    redshift,
    bench,
    warehouse,
    async job(tables, mode = "direct") {
      const catalog = await warehouse.catalog();
      const planned = Object.entries(tables).map(([table, units]) => ({
        plan: loadPlan(catalog, table, mode),
        units,
      }));
      return loadJob(catalog, ROUTED, planned, `batch-${++batches}`);
    },
    [Symbol.asyncDispose]: () => redshift[Symbol.asyncDispose](),
  };
}

/** Loads documents (JSON texts) as event type `table` into the table of that name, as one new source each time. */
export function documentLoader({
  bench,
  warehouse,
}: Pick<LoadBench, "bench" | "warehouse">): RoundTripRig["loadDocuments"] {
  let sources = 0;
  return async (table, mode, documents, { rescued, ...over } = {}) => {
    const source = testSource(`/logs/${table}-${++sources}.json`);
    const lines = documents.map((text, at) => partLine(source.id, at + 1, table, text, rescued?.[at]));
    const part = await bench.rawPart(compressPart(lines), lines.length);
    const catalog = await warehouse.catalog();
    const plan = loadPlan(catalog, table, mode, over);
    const job = loadJob(
      catalog,
      ROUTED,
      [{ plan, units: [loadUnit(source, table, [part])] }],
      `batch-${++batches}`,
    );
    return { result: await warehouse.load(job), source };
  };
}
